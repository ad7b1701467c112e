import type { Logger } from '../../log.ts';
import { type Admission, type RedisClient, RedisUnavailable } from '../client.ts';
import { RedisLink } from '../connection.ts';
import { PrimaryLocator } from './locator.ts';
import { PrimaryLink } from './primary-link.ts';

/** Where the Sentinels are, and how the servers that they watch are used. */
export interface SentinelSettings {
  /** The scheme, the credentials and the database of the data servers; its address is not used. */
  redisUrl: string;
  redisDeadlineMs: number;
  redisSentinels: readonly string[];
  redisSentinelName: string;
  redisSentinelUsername?: string | undefined;
  redisSentinelPassword?: string | undefined;
  redisSentinelLeaseMs: number;
}

export interface PrimaryOptions {
  /** Whether the primary is used only while it is confirmed, and a new one only after a lease. */
  isLeased: boolean;
  /** Decides about each connection to a primary. */
  admit?: Admission;
}

/** Opens a connection to the primary that the Sentinels name. Connects in the background: use `whenReady` to wait. */
export function openPrimaryLink(
  settings: SentinelSettings,
  log: Logger,
  { isLeased, admit }: PrimaryOptions,
): PrimaryLink {
  const { redisUrl, redisDeadlineMs: deadlineMs, redisSentinelLeaseMs: leaseMs } = settings;
  const sentinelUrls = settings.redisSentinels.map((address) => sentinelUrl(settings, address));
  const locator = new PrimaryLocator({ sentinelUrls, name: settings.redisSentinelName, leaseMs, log });
  const admitted: Admission = async (client) => {
    await requirePrimary(client);
    await admit?.(client);
  };
  const connectTo = (address: string): RedisLink =>
    new RedisLink({ url: withAddress(redisUrl, address), deadlineMs, log, admit: admitted });
  return new PrimaryLink({ locator, connectTo, isLeased });
}

/** Sentinels and data servers use TLS alike. */
function sentinelUrl(settings: SentinelSettings, address: string): string {
  const { redisUrl, redisSentinelUsername: username = '', redisSentinelPassword: password } = settings;
  const credentials =
    password === undefined ? '' : `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
  return `${new URL(redisUrl).protocol}//${credentials}${address}`;
}

function withAddress(redisUrl: string, address: string): string {
  const url = new URL(redisUrl);
  const { hostname, port } = new URL(`redis://${address}`);
  url.hostname = hostname;
  url.port = port;
  return url.href;
}

/**
 * A server that restarts or is demoted may not be what the Sentinels last heard. `HELLO` tells its role to every user;
 * `ROLE` and `INFO` need permissions that `-@dangerous` takes away.
 * @throws {RedisUnavailable} unless the server is a primary
 */
async function requirePrimary(client: RedisClient): Promise<void> {
  const reply: unknown = await client.sendCommand(['HELLO']);
  const role = Array.isArray(reply) ? reply[reply.indexOf('role') + 1] : undefined;
  if (role !== 'master') throw new RedisUnavailable('the server that the Sentinels name is not a primary');
}
