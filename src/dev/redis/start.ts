import { join } from 'node:path';
import { type Environment, gatewaySettings } from '../../config/load.ts';
import { Refusal } from '../../refusal.ts';
import { serverFromDebianPackage } from './debian-package.ts';
import { startDockerRedis } from './docker-server.ts';
import { startLocalRedis } from './local-server.ts';
import { type ServerBinary, serverOnPath } from './server-binary.ts';

const CACHE_DIRECTORY = join(import.meta.dirname, '../../../.cache/redis');

/** No way to a Redis is open. The message says what to type on each system. */
export class RedisNotFound extends Error {
  readonly code = 'redis_not_found';
  override readonly name = 'RedisNotFound';

  constructor(tried: readonly string[]) {
    super(`Portcullis needs Redis 7.0 or newer, or Valkey, and found none:
${tried.map((reason) => `  - ${reason}`).join('\n')}
Any one of these helps:
  macOS:            brew install redis
  Debian, Ubuntu:   sudo apt-get install redis-server
  Docker:           docker run --detach --name redis --publish 127.0.0.1:6379:6379 redis:8
                    and then REDIS_URL=redis://127.0.0.1:6379 npm start`);
  }
}

export interface DevRedis {
  url: string;
  /** Where it came from, to be told to the user. */
  source: string;
  /** Resolves when a server that was started here has ended, to how; never for one that was there before. */
  ended: Promise<string>;
  /** Ends what was started here; does nothing to a server that was there before. */
  stop(): Promise<void>;
}

export interface DevRedisOptions {
  /** Where a server that is started here keeps its data. */
  directory: string;
  /** Where the distribution's package is unpacked. */
  cacheDirectory?: string;
  /** Called when something that takes seconds begins, with a line for the user. */
  onWait?: (line: string) => void;
  /** The way of last resort. */
  startContainer?: typeof startDockerRedis;
}

/**
 * A Redis to work with, by the first way that is open: `REDIS_URL`; a server on the PATH; the package of Debian or
 * Ubuntu, unpacked into a cache folder; Docker. One that is started here keeps its data and dies with this process.
 *
 * @throws {RedisNotFound} when no way is open, {RedisDidNotStart} when a server is there but doesn't start.
 */
export async function startDevRedis(env: Environment, options: DevRedisOptions): Promise<DevRedis> {
  if (env.REDIS_URL || env.REDIS_URL_FILE) {
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

/** A server program: from the PATH, else the distribution's package. */
export async function serverBinary(
  env: Environment,
  cacheDirectory = CACHE_DIRECTORY,
  onWait: (line: string) => void = () => {},
): Promise<ServerBinary | Refusal<'no_server_binary'>> {
  const onPath = await serverOnPath(env.PATH ?? '');
  if (!(onPath instanceof Refusal)) return onPath;
  const packaged = await serverFromDebianPackage(cacheDirectory, () =>
    onWait("Fetching the distribution's Redis package into .cache/redis (once) …"),
  );
  if (!(packaged instanceof Refusal)) return packaged;
  return new Refusal('no_server_binary', [...reasons(onPath), ...reasons(packaged)].join('\n'));
}

const reasons = (refusal: Refusal<string>): string[] => (refusal.detail ?? refusal.reason).split('\n');
