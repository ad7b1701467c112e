import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type RedisLink, RedisUnavailable } from '../redis/connection.ts';
import { clientsKey } from '../redis/keys.ts';

/** What a registered client may do here: end tokens (RFC 7009), ask about tokens (RFC 7662). */
export const CLIENT_USES = ['revoke', 'introspect'] as const;
export const clientUseSchema = z.enum(CLIENT_USES);
export type ClientUse = (typeof CLIENT_USES)[number];

const storedClient = z.strictObject({
  name: z.string(),
  /** SHA-256, base64url. */
  secretHash: z.string().regex(/^[\w-]{43}$/),
  uses: z.array(clientUseSchema),
  /** ISO 8601. */
  created: z.string(),
});

/** A program that the operator has registered, such as a service that checks tokens (RFC 6749, section 2). */
export interface RegisteredClient {
  /** 128 random bits in hex: it never begins with a sign that a command line reads as an option. */
  id: string;
  name: string;
  uses: readonly ClientUse[];
  created: string;
}

/** A client and the only time that its secret is seen: 256 random bits, base64url. */
export interface NewClient extends RegisteredClient {
  secret: string;
}

const CLIENT_ID = /^[0-9a-f]{32}$/;
const CLIENT_SECRET = /^[\w-]{43}$/;

/** What nobody's secret has for its hash: SHA-256 gives 32 zero bytes for no text that is known. */
const NO_HASH = Buffer.alloc(32);

/** Registers a client. Its secret is kept as a hash only. @throws {RedisUnavailable} */
export async function addClient(
  redis: RedisLink,
  { name, uses }: Pick<RegisteredClient, 'name' | 'uses'>,
  now: Date,
): Promise<NewClient> {
  const id = randomBytes(16).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const created = now.toISOString();
  const stored = { name, secretHash: hashOf(secret).toString('base64url'), uses: [...uses], created };
  await redis.run((client) => client.hSet(clientsKey(), id, JSON.stringify(stored)));
  return { id, name, uses, created, secret };
}

/** Forgets a client: its next request is refused. Answers whether there was one. @throws {RedisUnavailable} */
export async function removeClient(redis: RedisLink, id: string): Promise<boolean> {
  return (await redis.run((client) => client.hDel(clientsKey(), id))) === 1;
}

/** All registered clients, the oldest first. @throws {RedisUnavailable} */
export async function listClients(redis: RedisLink): Promise<RegisteredClient[]> {
  const stored = await redis.run((client) => client.hGetAll(clientsKey()));
  return Object.entries(stored)
    .map(([id, text]) => toClient(id, readStored(text)))
    .sort((one, two) => one.created.localeCompare(two.created));
}

/** What became of a proof: the client, or nothing but which client it was about, when there is such a client. */
export type ClientProof = { proven: true; client: RegisteredClient } | { proven: false; clientId?: string };

/**
 * Whether this is the secret of this client. An unknown id costs the same as a wrong secret: one look-up, one
 * hash, one comparison in constant time. What can't be an id or a secret is not looked up at all.
 *
 * The hash is a fast one because the secret is not a password: it is 256 random bits, which no number of tries
 * finds, so a slow hash would protect nothing and cost every request (NIST SP 800-63B, section 5.1.2.2, draws the
 * line at 112 bits).
 * @throws {RedisUnavailable}
 */
export async function proveClient(redis: RedisLink, id: string, secret: string): Promise<ClientProof> {
  if (!CLIENT_ID.test(id) || !CLIENT_SECRET.test(secret)) return { proven: false };
  const text = await redis.run((client) => client.hGet(clientsKey(), id));
  const stored = text === null ? undefined : readStored(text);
  const expected = stored === undefined ? NO_HASH : Buffer.from(stored.secretHash, 'base64url');
  const matches = timingSafeEqual(hashOf(secret), expected);
  if (stored === undefined) return { proven: false };
  return matches ? { proven: true, client: toClient(id, stored) } : { proven: false, clientId: id };
}

const toClient = (id: string, { name, uses, created }: z.output<typeof storedClient>): RegisteredClient => ({
  id,
  name,
  uses,
  created,
});

/** @throws {RedisUnavailable} when it is not what was written: nobody gets in by it. */
function readStored(text: string): z.output<typeof storedClient> {
  try {
    return storedClient.parse(JSON.parse(text));
  } catch (fault) {
    throw new RedisUnavailable('a registered client is not what was written', { cause: fault });
  }
}

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();
