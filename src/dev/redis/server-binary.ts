import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Refusal } from '../../refusal.ts';

const run = promisify(execFile);

const MIN_REDIS_MAJOR_VERSION = 7;
const VERSION_TIMEOUT_MS = 5000;

/** A Redis or Valkey server that runs on this machine. */
export interface ServerBinary {
  path: string;
  /** Additional environment variables that it needs, such as the path of its libraries. */
  env: Readonly<Record<string, string>>;
}

/**
 * The first `redis-server` or `valkey-server` in `searchPath` (the value of `PATH`) that runs and is recent enough. In
 * each directory, `redis-server` takes precedence.
 */
export async function serverOnPath(searchPath: string): Promise<ServerBinary | Refusal<'no_server_on_path'>> {
  const rejected: string[] = [];
  for (const directory of searchPath.split(delimiter).filter(Boolean)) {
    for (const name of ['redis-server', 'valkey-server']) {
      const path = join(directory, name);
      if (!(await isExecutableFile(path))) continue;
      const binary = { path, env: {} };
      const fault = await faultOf(binary);
      if (fault === undefined) return binary;
      rejected.push(`${path} ${fault}`);
    }
  }
  return new Refusal('no_server_on_path', rejected.join('; ') || 'no redis-server or valkey-server on PATH');
}

/** Why the binary cannot be used; undefined if it runs and is Redis 7.0 or newer, or Valkey. */
export async function faultOf({ path, env }: ServerBinary): Promise<string | undefined> {
  try {
    const options = { env: { ...process.env, ...env }, timeout: VERSION_TIMEOUT_MS };
    const { stdout } = await run(path, ['--version'], options);
    const major = /\bv=(\d+)\./.exec(stdout)?.[1];
    if (major === undefined) return 'does not print its version';
    return Number(major) < MIN_REDIS_MAJOR_VERSION ? 'is older than Redis 7.0' : undefined;
  } catch {
    return 'does not run';
  }
}

async function isExecutableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
