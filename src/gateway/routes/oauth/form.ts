import type { z } from 'zod';
import { checkInput, REPEATED } from '../../../http/input.ts';
import type { FieldError } from '../../../refusal.ts';
import { Refusal } from '../../../refusal.ts';
import type { OwnRequestContext } from '../../pipeline/own-body.ts';

/** The parameters of a form by their decoded names, without empty ones. */
export type Form = Readonly<Record<string, string>>;

type FormReason = 'query_wrong' | 'body_not_form' | 'body_too_large' | 'request_too_slow' | 'body_wrong';

const FORM_TYPE = /^application\/x-www-form-urlencoded *(?:; *charset="?utf-8"? *)?$/i;
/** Visible ASCII, which is all that form serializers write. */
const ENCODED = /^[\x21-\x7e]*$/;

/**
 * Reads the parameters of an OAuth request (RFC 6749, section 3.2): a form in the body, each parameter at most once,
 * empty ones as if omitted. Parameters in the URL are refused, because URLs are logged (section 2.3.1).
 */
export async function readForm({ incoming, body }: OwnRequestContext): Promise<Form | Refusal<FormReason>> {
  if (incoming.url?.includes('?')) {
    const errors = [{ field: '', message: 'parameters must be sent in the body, not in the URL' }];
    return new Refusal('query_wrong', { errors });
  }
  if (!FORM_TYPE.test(incoming.headers['content-type'] ?? '')) return new Refusal('body_not_form');
  const bytes = await body.whole();
  if (bytes instanceof Refusal) return bytes;
  const form = parseForm(bytes.toString('latin1'));
  return 'fault' in form ? new Refusal('body_wrong', { errors: [form.fault] }) : form.form;
}

/** Decodes `application/x-www-form-urlencoded` (RFC 6749, appendix B). Ambiguous input is a fault. */
export function parseForm(text: string): { form: Form } | { fault: FieldError } {
  if (!ENCODED.test(text)) return { fault: { field: '', message: 'must be an encoded form' } };
  const parameters = new Map<string, string>();
  for (const pair of text.split('&').filter((part) => part !== '')) {
    const valueAt = `${pair}=`.indexOf('=');
    const field = decodeFormPart(pair.slice(0, valueAt));
    const value = decodeFormPart(pair.slice(valueAt + 1));
    if (field === undefined || value === undefined)
      return { fault: { field: field ?? '', message: 'must be percent-encoded UTF-8' } };
    if (parameters.has(field)) return { fault: { field, message: REPEATED } };
    parameters.set(field, value);
  }
  return { form: Object.fromEntries([...parameters].filter(([, value]) => value !== '')) };
}

/** Decodes a name or a value. Returns undefined if it is not percent-encoded UTF-8. */
export function decodeFormPart(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** Checks a form against the schema of its route. Unknown parameters are ignored (RFC 6749, section 3.2). */
export const checkForm = <Schema extends z.ZodType>(
  form: Form,
  schema: Schema,
): z.output<Schema> | Refusal<'body_wrong'> => checkInput(schema, form, 'body_wrong');
