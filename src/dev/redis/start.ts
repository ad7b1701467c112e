import { join } from 'node:path';
import { type Environment, gatewaySettings } from '../../config/load.ts';
import { Refusal } from '../../refusal.ts';
import { serverFromDebianPackage } from './debian-package.ts';
import { type DevRedis, startDockerRedis } from './docker-server.ts';
import { startLocalRedis } from './local-server.ts';
import { type ServerBinary, serverOnPath } from './server-binary.ts';

const CACHE_DIRECTORY = join(import.meta.dirname, '../../../.cache/redis');

/** There is no Redis to use. The message shows how to install one on each system. */
export class RedisNotFound extends Error {
  readonly code = 'redis_not_found';
  override readonly name = 'RedisNotFound';

  constructor(tried: readonly string[]) {
    super(`Portcullis needs Redis 7.0 or newer, or Valkey, but found none:
${tried.map((reason) => `  - ${reason}`).join('\n')}
Use one of these:
  macOS:            brew install redis
  Debian, Ubuntu:   sudo apt-get install redis-server
  Docker:           docker run --detach --name redis --publish 127.0.0.1:6379:6379 redis:8
                    then REDIS_URL=redis://127.0.0.1:6379 npm start`);
  }
}

interface DevRedisOptions {
  /** The data directory of a new server. */
  directory: string;
  /** Where the package of the distribution is unpacked. */
  cacheDirectory?: string;
  /** Called before something that takes seconds, with a message for the user. */
  onWait?: (line: string) => void;
  /** The last resort. */
  startContainer?: typeof startDockerRedis;
}

/**
 * Finds or starts a Redis. It tries, in this order: `REDIS_URL`; a server on the PATH; the package of Debian or Ubuntu,
 * unpacked into a cache directory; Docker. A server that is started here keeps its data and ends with this process.
 *
 * @throws {RedisNotFound} if none of these is available, {RedisDidNotStart} if a server was found but does not start.
 */
export async function startDevRedis(env: Environment, options: DevRedisOptions): Promise<DevRedis> {
  if (env.REDIS_URL || env.REDIS_URL_FILE || env.REDIS_SENTINELS || env.REDIS_CLUSTER_NODES) {
    const { redisUrl } = gatewaySettings({ REDIS_URL: env.REDIS_URL, REDIS_URL_FILE: env.REDIS_URL_FILE });
    return { url: redisUrl, source: 'REDIS_URL', ended: new Promise(() => {}), stop: async () => {} };
  }
  const { directory, cacheDirectory, onWait, startContainer = startDockerRedis } = options;
  const binary = await serverBinary(env, cacheDirectory, onWait);
  if (!(binary instanceof Refusal)) {
    const server = await startLocalRedis({ binary, directory, persist: true });
    return { ...server, source: binary.path };
  }
  const container = await startContainer(directory, onWait);
  if (container instanceof Refusal) throw new RedisNotFound([...reasons(binary), ...reasons(container)]);
  return container;
}

/** A server binary from the PATH, or else from the package of the distribution. */
export async function serverBinary(
  env: Environment,
  cacheDirectory = CACHE_DIRECTORY,
  onWait: (line: string) => void = () => {},
): Promise<ServerBinary | Refusal<'no_server_binary'>> {
  const onPath = await serverOnPath(env.PATH ?? '');
  if (!(onPath instanceof Refusal)) return onPath;
  const packaged = await serverFromDebianPackage(cacheDirectory, () =>
    onWait("Downloading the distribution's Redis package to .cache/redis (only once) …"),
  );
  if (!(packaged instanceof Refusal)) return packaged;
  return new Refusal('no_server_binary', [...reasons(onPath), ...reasons(packaged)].join('\n'));
}

const reasons = (refusal: Refusal<string>): string[] => (refusal.detail ?? refusal.reason).split('\n');
