import { z } from 'zod';
import { RedisUnavailable } from '../redis/connection.ts';

/** What a client that authenticates with a secret can do: revoke tokens (RFC 7009), introspect tokens (RFC 7662). */
export const SERVICE_USES = ['revoke', 'introspect'] as const;
export type ServiceUse = (typeof SERVICE_USES)[number];

/** `login` is for apps: public clients (RFC 6749, section 2.1), which send their id at logins and have no secret. */
export const CLIENT_USES = [...SERVICE_USES, 'login'] as const;
export const clientUseSchema = z.enum(CLIENT_USES);
export type ClientUse = (typeof CLIENT_USES)[number];

/** To what the sessions of a client are bound: a key by DPoP (RFC 9449) or a certificate (RFC 8705, section 3). */
export type ClientBinding = 'dpop' | 'certificate';

/** A program that the operator has registered (RFC 6749, section 2). */
export interface RegisteredClient {
  /** 128 random bits in hex, so it never starts with `-`, which a command line would read as an option. */
  id: string;
  name: string;
  uses: readonly ClientUse[];
  /** For `login`: without the proof for this binding there is no login. Undefined if it is left to the app. */
  boundTo: ClientBinding | undefined;
  /** ISO 8601. */
  created: string;
}

const flag = z.literal(true).optional();

/** The flags are those of RFC 9449, section 5.2, and RFC 8705, section 3.4. */
const storedClient = z.strictObject({
  name: z.string(),
  /** SHA-256, base64url. Clients for `login` have no secret. */
  secretHash: z
    .string()
    .regex(/^[\w-]{43}$/)
    .optional(),
  uses: z.array(clientUseSchema),
  /** ISO 8601. */
  created: z.string(),
  dpop_bound_access_tokens: flag,
  tls_client_certificate_bound_access_tokens: flag,
});

export const isClientId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

/** The text that is stored for a client. `secretHash` is the SHA-256 hash of its secret in base64url. */
export function clientText({ name, uses, created, boundTo }: RegisteredClient, secretHash?: string): string {
  const stored: z.input<typeof storedClient> = {
    name,
    secretHash,
    uses: [...uses],
    created,
    dpop_bound_access_tokens: boundTo === 'dpop' || undefined,
    tls_client_certificate_bound_access_tokens: boundTo === 'certificate' || undefined,
  };
  return JSON.stringify(stored);
}

/** Reads what `clientText` wrote. @throws {RedisUnavailable} if the text is malformed: it authenticates nobody. */
export function readClient(id: string, text: string): { client: RegisteredClient; secretHash?: string } {
  try {
    const { name, uses, created, secretHash, ...flags } = storedClient.parse(JSON.parse(text));
    const client = { id, name, uses, created, boundTo: bindingOf(flags) };
    return secretHash === undefined ? { client } : { client, secretHash };
  } catch (cause) {
    throw new RedisUnavailable('a registered client in Redis is malformed', { cause });
  }
}

/** A session has one binding, so a client has one flag. @throws if it has both */
function bindingOf(
  flags: Pick<
    z.output<typeof storedClient>,
    'dpop_bound_access_tokens' | 'tls_client_certificate_bound_access_tokens'
  >,
): ClientBinding | undefined {
  const { dpop_bound_access_tokens: dpop, tls_client_certificate_bound_access_tokens: certificate } = flags;
  if (dpop && certificate) throw new Error('a client has two bindings');
  return dpop ? 'dpop' : certificate && 'certificate';
}
