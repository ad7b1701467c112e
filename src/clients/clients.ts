import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { clientsKey } from '../redis/keys.ts';
import type { RedisStore } from '../redis/store.ts';
import {
  type ClientBinding,
  clientText,
  isClientId,
  type RegisteredClient,
  readClient,
  type ServiceUse,
} from './stored-client.ts';

/** A new client with its secret: 256 random bits, base64url. The secret is shown only once. */
export interface NewClient extends RegisteredClient {
  secret: string;
}

const CLIENT_SECRET = /^[\w-]{43}$/;

/** Compared against if the client is unknown, so that the timing is equal. No known text has this SHA-256 hash. */
const DECOY_HASH = Buffer.alloc(32);

const newId = (): string => randomBytes(16).toString('hex');

/** Registers a client with a secret, of which only the hash is stored. @throws {RedisUnavailable} */
export async function addClient(
  redis: RedisStore,
  { name, uses }: { name: string; uses: readonly ServiceUse[] },
  now: Date,
): Promise<NewClient> {
  const client = { id: newId(), name, uses, created: now.toISOString(), boundTo: undefined };
  const secret = randomBytes(32).toString('base64url');
  await storeClient(redis, client, hashOf(secret).toString('base64url'));
  return { ...client, secret };
}

/** Registers an app whose users log in. It has no secret, so nothing but its sessions' binding says that it is the app. @throws {RedisUnavailable} */
export async function addLoginClient(
  redis: RedisStore,
  { name, boundTo }: { name: string; boundTo: ClientBinding | undefined },
  now: Date,
): Promise<RegisteredClient> {
  const client = { id: newId(), name, uses: ['login'], created: now.toISOString(), boundTo } as const;
  await storeClient(redis, client);
  return client;
}

const storeClient = (redis: RedisStore, client: RegisteredClient, secretHash?: string): Promise<unknown> =>
  redis.runFor(clientsKey(), (command) =>
    command.hSet(clientsKey(), client.id, clientText(client, secretHash)),
  );

/** Deletes a client, so that its next request is rejected. Returns whether it existed. @throws {RedisUnavailable} */
export async function removeClient(redis: RedisStore, id: string): Promise<boolean> {
  return (await redis.runFor(clientsKey(), (client) => client.hDel(clientsKey(), id))) === 1;
}

/** All registered clients, oldest first. @throws {RedisUnavailable} */
export async function listClients(redis: RedisStore): Promise<RegisteredClient[]> {
  const stored = await redis.runFor(clientsKey(), (client) => client.hGetAll(clientsKey()));
  return Object.entries(stored)
    .map(([id, text]) => readClient(id, text).client)
    .sort((one, two) => one.created.localeCompare(two.created));
}

/** The client with this id that is registered for logins. Malformed ids are not looked up. @throws {RedisUnavailable} */
export async function findLoginClient(redis: RedisStore, id: string): Promise<RegisteredClient | undefined> {
  const client = (await findClient(redis, id))?.client;
  return client?.uses.includes('login') ? client : undefined;
}

async function findClient(redis: RedisStore, id: string): Promise<ReturnType<typeof readClient> | undefined> {
  if (!isClientId(id)) return undefined;
  const text = await redis.runFor(clientsKey(), (client) => client.hGet(clientsKey(), id));
  return text === null ? undefined : readClient(id, text);
}

/** The authenticated client. If authentication failed, the id of the client if it exists, for the audit log. */
type ClientProof = { proven: true; client: RegisteredClient } | { proven: false; clientId?: string };

/**
 * Verifies the secret of a client. An unknown id takes the same work as a wrong secret: one lookup, one hash, one
 * comparison in constant time. Malformed ids and secrets are not looked up. A client without a secret is never proven.
 *
 * A fast hash is sufficient because the secret is not a password but 256 random bits, which cannot be guessed. A slow
 * hash would add no protection and delay every request (NIST SP 800-63B, section 5.1.2.2, requires one below 112
 * bits).
 * @throws {RedisUnavailable}
 */
export async function proveClient(redis: RedisStore, id: string, secret: string): Promise<ClientProof> {
  if (!isClientId(id) || !CLIENT_SECRET.test(secret)) return { proven: false };
  const found = await findClient(redis, id);
  const expected = found?.secretHash === undefined ? DECOY_HASH : Buffer.from(found.secretHash, 'base64url');
  const matches = timingSafeEqual(hashOf(secret), expected);
  if (found === undefined) return { proven: false };
  return matches && found.secretHash !== undefined
    ? { proven: true, client: found.client }
    : { proven: false, clientId: id };
}

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();
