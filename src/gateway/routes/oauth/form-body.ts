import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { checkInput, REPEATED, readBytes } from '../../../http/input.ts';
import type { FieldError } from '../../../http/problem.ts';
import { Refusal } from '../../../refusal.ts';
import type { OauthReason } from './refuse.ts';

/** The parameters of a form, by their decoded names. Those without a value are left out. */
export type Form = Readonly<Record<string, string>>;

/** What every serialiser of forms writes: visible ASCII. */
const ENCODED = /^[\x21-\x7e]*$/;

/**
 * Reads the parameters of a request as RFC 6749, section 3.2, wants them: as a form in the body, each at most once,
 * those without a value as if they were not there. Parameters in the URL are refused: URLs are logged on their way
 * (section 2.3.1).
 */
export async function readFormBody(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  maxBytes: number,
): Promise<Form | Refusal<OauthReason>> {
  if (incoming.url?.includes('?')) {
    const errors = [{ field: '', message: 'parameters go into the body, not into the URL' }];
    return new Refusal('query_wrong', { errors });
  }
  const type = incoming.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded *(?:; *charset="?utf-8"? *)?$/i.test(type))
    return new Refusal('body_not_form');
  const bytes = await readBytes(incoming, outgoing, maxBytes);
  if (bytes instanceof Refusal) return new Refusal('body_too_large');
  const form = parseForm(bytes.toString('latin1'));
  return 'fault' in form ? new Refusal('body_wrong', { errors: [form.fault] }) : form.form;
}

/** Decodes `application/x-www-form-urlencoded` (RFC 6749, appendix B). What can be read in two ways is a fault. */
export function parseForm(text: string): { form: Form } | { fault: FieldError } {
  if (!ENCODED.test(text)) return { fault: { field: '', message: 'wants an encoded form' } };
  const parameters = new Map<string, string>();
  for (const pair of text.split('&').filter((part) => part !== '')) {
    const valueAt = `${pair}=`.indexOf('=');
    const field = decodeFormPart(pair.slice(0, valueAt));
    const decoded = decodeFormPart(pair.slice(valueAt + 1));
    if (field === undefined || decoded === undefined)
      return { fault: { field: field ?? '', message: 'wants UTF-8, percent-encoded' } };
    if (parameters.has(field)) return { fault: { field, message: REPEATED } };
    parameters.set(field, decoded);
  }
  return { form: Object.fromEntries([...parameters].filter(([, value]) => value !== '')) };
}

/** The text behind one encoded name or value, or undefined when it is not encoded as it should be. */
export function decodeFormPart(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** Checks a form against the schema of its route. Parameters that it doesn't know are ignored (section 3.2). */
export function checkForm<Schema extends z.ZodType>(
  form: Form,
  schema: Schema,
): z.output<Schema> | Refusal<OauthReason> {
  return checkInput(schema, form, 'body_wrong');
}
