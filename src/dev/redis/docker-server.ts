import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Refusal } from '../../refusal.ts';

const IMAGE = 'redis:8';
const PORT = 6379;
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;

/** The Redis of `portcullis dev`, in a container or not. */
export interface DevRedis {
  url: string;
  /** Where it was found, for display. */
  source: string;
  /**
   * Resolves with how the server has ended (an exit code or a signal). Never resolves for an existing server or a
   * container.
   */
  ended: Promise<string>;
  /** Stops the server, unless it existed before. */
  stop(): Promise<void>;
}

/**
 * Starts Redis in a container, with its data in `directory`. The container is removed when it is stopped, or by the
 * reaper of testcontainers soon after this process has ended. Docker may publish its port on all interfaces, so it
 * requires a password, random at each start, which it reads from a file rather than from its command line.
 */
export async function startDockerRedis(
  directory: string,
  onWait: (line: string) => void = () => {},
): Promise<DevRedis | Refusal<'no_docker'>> {
  const testcontainers = await import('testcontainers').catch(() => undefined);
  if (testcontainers === undefined) return new Refusal('no_docker', 'testcontainers is not installed');
  const { GenericContainer, Wait, getContainerRuntimeClient } = testcontainers;
  if ((await getContainerRuntimeClient().catch(() => undefined)) === undefined)
    return new Refusal('no_docker', 'Docker is not running');
  onWait(`Starting Redis in Docker (${IMAGE}) …`);
  const password = randomBytes(32).toString('base64url');
  const source = resolve(directory);
  await mkdir(source, { recursive: true, mode: 0o700 });
  try {
    const container = await new GenericContainer(IMAGE)
      .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`)
      .withBindMounts([{ source, target: '/data' }])
      .withCopyContentToContainer([{ content: configuration(password), target: CONFIGURATION_FILE }])
      .withCommand(['redis-server', CONFIGURATION_FILE])
      .withExposedPorts(PORT)
      .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/i))
      .withStartupTimeout(START_TIMEOUT_MS)
      .start();
    return {
      url: `redis://:${password}@${container.getHost()}:${container.getMappedPort(PORT)}`,
      source: `Docker, ${IMAGE}`,
      ended: new Promise(() => {}),
      stop: async () => void (await container.stop({ timeout: STOP_TIMEOUT_MS })),
    };
  } catch (fault) {
    return new Refusal('no_docker', `Docker could not run ${IMAGE}: ${faultText(fault)}`);
  }
}

const CONFIGURATION_FILE = '/etc/portcullis-redis.conf';

const configuration = (password: string): string => `port ${PORT}
requirepass ${password}
dir /data
appendonly yes
save ""
`;

const faultText = (fault: unknown): string => (fault instanceof Error ? fault.message : 'unknown error');
