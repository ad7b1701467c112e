import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { proveClient } from '../../../clients/clients.ts';
import type { RegisteredClient, ServiceUse } from '../../../clients/stored-client.ts';
import { type RateLimiter, takeAll } from '../../../redis/rate-limiter.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { countHeader } from '../../pipeline/credential.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import { recordEvent } from '../../request-context.ts';
import { checkForm, decodeFormPart, type Form, readForm } from './form.ts';
import { type OauthReason, refuseOauth } from './refuse.ts';

/** Registered names (RFC 8414, section 2; RFC 7591, section 2). */
export const CLIENT_AUTHENTICATION_METHODS = ['client_secret_basic', 'client_secret_post'] as const;

/** For the description of each route of a client. */
export const CLIENT_AUTHENTICATION =
  'Clients authenticate with `client_secret_basic`, or with `client_id` and `client_secret` in the form.';

const BASIC = /^Basic ([A-Za-z0-9+/]+={0,2})$/i;

export interface ClientDeps {
  redis: RedisStore;
  audit: AuditLog;
  /** Count failures by client id and by address. */
  clientLimiters: { client: RateLimiter; address: RateLimiter };
}

/** The id and the secret as presented, unverified. */
interface ClientCredential {
  id: string;
  secret: string;
}

/** A route for an authenticated client that is registered for it, with its form checked. */
export type ClientRoute<Input> = (
  c: GatewayContext,
  client: RegisteredClient,
  input: Input,
) => Promise<Response>;

/** Authenticates the client and checks the form before it calls the route. */
export const requireClient =
  <Schema extends z.ZodType>(
    deps: ClientDeps,
    use: ServiceUse,
    schema: Schema,
    route: ClientRoute<z.output<Schema>>,
  ) =>
  async (c: GatewayContext): Promise<Response> => {
    const form = await readForm(c.env);
    if (form instanceof Refusal) return refuseOauth(c.env, form);
    const client = await authenticateClient(deps, c, form);
    if (client instanceof Refusal) return refuseOauth(c.env, client);
    const subject = { client: client.id };
    if (!client.uses.includes(use)) return refuseOauth(c.env, new Refusal('client_not_permitted'), subject);
    const input = checkForm(form, schema);
    return input instanceof Refusal ? refuseOauth(c.env, input, subject) : route(c, client, input);
  };

/**
 * Authenticates a registered client (RFC 6749, section 2.3.1). Only failures are counted, after the check: a secret of
 * 256 bits cannot be guessed, so the limit only protects the audit log from noise, and a flood of wrong secrets does
 * not lock out the client that has the right one.
 */
async function authenticateClient(
  { redis, audit, clientLimiters: { client, address } }: ClientDeps,
  { env }: GatewayContext,
  form: Form,
): Promise<RegisteredClient | Refusal<OauthReason>> {
  const credential = takeClientCredential(env.incoming, form);
  if (credential instanceof Refusal) return credential;
  const proof = await proveClient(redis, credential.id, credential.secret);
  if (proof.proven) return proof.client;
  const counted = [
    [address, env.clientAddress],
    [client, credential.id],
  ] as const;
  const retryAfterSeconds = await takeAll(counted, env.nowMs);
  if (retryAfterSeconds > 0) return new Refusal('client_throttled', { retryAfterSeconds });
  await recordEvent(audit, env, { action: 'client_auth', result: 'refused', subject: proof.clientId });
  return new Refusal('client_wrong');
}

/**
 * The one credential of a client, from the `Authorization` header or from the form. Two are refused, even of the same
 * client, because it would be ambiguous which one counts.
 */
function takeClientCredential(
  incoming: IncomingMessage,
  form: Form,
): ClientCredential | Refusal<OauthReason> {
  const { client_id: id, client_secret: secret, client_assertion: assertion } = form;
  const inForm = [secret, assertion].filter((given) => given !== undefined).length;
  const headers = countHeader(incoming, 'authorization');
  if (headers + inForm > 1) return new Refusal('client_twice');
  if (headers === 1) {
    const basic = readBasic(incoming.headers.authorization ?? '');
    if (basic === undefined) return new Refusal('client_wrong', 'not a basic credential');
    return id === undefined || id === basic.id ? basic : new Refusal('client_twice');
  }
  if (id === undefined || secret === undefined) return new Refusal('client_wrong', 'no client credential');
  return { id, secret };
}

/** The id and the secret of a basic credential (RFC 7617), each form-encoded before they were joined. */
function readBasic(authorization: string): ClientCredential | undefined {
  const encoded = BASIC.exec(authorization)?.[1] ?? '';
  const bytes = Buffer.from(encoded, 'base64');
  if (encoded === '' || bytes.toString('base64') !== encoded) return undefined;
  const text = bytes.toString('latin1');
  const colonAt = text.indexOf(':');
  if (colonAt === -1) return undefined;
  const id = decodeFormPart(text.slice(0, colonAt));
  const secret = decodeFormPart(text.slice(colonAt + 1));
  return id === undefined || secret === undefined ? undefined : { id, secret };
}
