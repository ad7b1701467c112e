import { type Admission, type LinkOptions, type RedisClient, RedisUnavailable } from '../client.ts';
import type { RedisLink } from '../connection.ts';
import { PrimaryLocator } from './locator.ts';
import { PrimaryLink } from './primary-link.ts';

/** Where the Sentinels are, and how the servers that they watch are used. */
export interface SentinelSettings {
  /** The scheme, the credentials and the database of the data servers; its address is not used. */
  redisUrl: string;
  redisSentinels: readonly string[];
  redisSentinelName: string;
  redisSentinelUsername?: string | undefined;
  redisSentinelPassword?: string | undefined;
  redisSentinelLeaseMs: number;
}

/** `url` gives the scheme, the credentials and the database of the primary. */
export interface PrimaryOptions extends LinkOptions {
  /** Connects to the server that is the primary. */
  connect: (options: LinkOptions) => RedisLink;
  /** Whether the primary is used only while it is confirmed, and a new one only after a lease. */
  isLeased: boolean;
}

/** Opens a connection to the primary that the Sentinels name. Connects in the background: use `whenReady` to wait. */
export function openPrimaryLink(
  settings: SentinelSettings,
  { connect, isLeased, ...link }: PrimaryOptions,
): PrimaryLink {
  const { redisSentinelName: name, redisSentinelLeaseMs: leaseMs } = settings;
  const sentinelUrls = settings.redisSentinels.map((address) => sentinelUrl(settings, address));
  const { log, tls } = link;
  const locator = new PrimaryLocator({ sentinelUrls, name, leaseMs, log, tls });
  const admit: Admission = async (client) => {
    await requirePrimary(client);
    await link.admit?.(client);
  };
  const connectTo = (address: string): RedisLink =>
    connect({ ...link, url: withAddress(link.url, address), admit });
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
