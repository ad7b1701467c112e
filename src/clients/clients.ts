import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { RedisUnavailable } from '../redis/connection.ts';
import { clientsKey } from '../redis/keys.ts';
import type { RedisStore } from '../redis/store.ts';

/** What a registered client can do: revoke tokens (RFC 7009), introspect tokens (RFC 7662). */
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

/** A program that the operator has registered, such as a service that introspects tokens (RFC 6749, section 2). */
export interface RegisteredClient {
  /** 128 random bits in hex, so it never starts with `-`, which a command line would read as an option. */
  id: string;
  name: string;
  uses: readonly ClientUse[];
  created: string;
}

/** A new client with its secret: 256 random bits, base64url. The secret is shown only once. */
export interface NewClient extends RegisteredClient {
  secret: string;
}

const CLIENT_ID = /^[0-9a-f]{32}$/;
const CLIENT_SECRET = /^[\w-]{43}$/;

/** Compared against if the client is unknown, so that the timing is equal. No known text has this SHA-256 hash. */
const DECOY_HASH = Buffer.alloc(32);

/** Registers a client. Only the hash of its secret is stored. @throws {RedisUnavailable} */
export async function addClient(
  redis: RedisStore,
  { name, uses }: Pick<RegisteredClient, 'name' | 'uses'>,
  now: Date,
): Promise<NewClient> {
  const id = randomBytes(16).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const created = now.toISOString();
  const stored = { name, secretHash: hashOf(secret).toString('base64url'), uses: [...uses], created };
  await redis.runFor(clientsKey(), (client) => client.hSet(clientsKey(), id, JSON.stringify(stored)));
  return { id, name, uses, created, secret };
}

/** Deletes a client, so that its next request is rejected. Returns whether it existed. @throws {RedisUnavailable} */
export async function removeClient(redis: RedisStore, id: string): Promise<boolean> {
  return (await redis.runFor(clientsKey(), (client) => client.hDel(clientsKey(), id))) === 1;
}

/** All registered clients, oldest first. @throws {RedisUnavailable} */
export async function listClients(redis: RedisStore): Promise<RegisteredClient[]> {
  const stored = await redis.runFor(clientsKey(), (client) => client.hGetAll(clientsKey()));
  return Object.entries(stored)
    .map(([id, text]) => toClient(id, readStored(text)))
    .sort((one, two) => one.created.localeCompare(two.created));
}

/** The authenticated client. If authentication failed, the id of the client if it exists, for the audit log. */
type ClientProof = { proven: true; client: RegisteredClient } | { proven: false; clientId?: string };

/**
 * Verifies the secret of a client. An unknown id takes the same work as a wrong secret: one lookup, one hash, one
 * comparison in constant time. Malformed ids and secrets are not looked up.
 *
 * A fast hash is sufficient because the secret is not a password but 256 random bits, which cannot be guessed. A slow
 * hash would add no protection and delay every request (NIST SP 800-63B, section 5.1.2.2, requires one below 112
 * bits).
 * @throws {RedisUnavailable}
 */
export async function proveClient(redis: RedisStore, id: string, secret: string): Promise<ClientProof> {
  if (!CLIENT_ID.test(id) || !CLIENT_SECRET.test(secret)) return { proven: false };
  const text = await redis.runFor(clientsKey(), (client) => client.hGet(clientsKey(), id));
  const stored = text === null ? undefined : readStored(text);
  const expected = stored === undefined ? DECOY_HASH : Buffer.from(stored.secretHash, 'base64url');
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

/** @throws {RedisUnavailable} if the text is malformed: it authenticates nobody. */
function readStored(text: string): z.output<typeof storedClient> {
  try {
    return storedClient.parse(JSON.parse(text));
  } catch (cause) {
    throw new RedisUnavailable('a registered client in Redis is malformed', { cause });
  }
}

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();
