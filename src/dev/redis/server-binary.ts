import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Refusal } from '../../refusal.ts';

const run = promisify(execFile);

const LEAST_REDIS_MAJOR_VERSION = 7;
const VERSION_DEADLINE_MS = 5000;

/** A Redis or Valkey server that has been seen to run here. */
export interface ServerBinary {
  path: string;
  /** What it needs in its environment besides the caller's, such as where its libraries are. */
  env: Readonly<Record<string, string>>;
}

/**
 * The first `redis-server` or `valkey-server` in `searchPath` (the value of `PATH`) that runs and is recent enough;
 * `redis-server` of a folder comes before its `valkey-server`.
 */
export async function serverOnPath(searchPath: string): Promise<ServerBinary | Refusal<'no_server_on_path'>> {
  const passedOver: string[] = [];
  for (const directory of searchPath.split(delimiter).filter(Boolean)) {
    for (const name of ['redis-server', 'valkey-server']) {
      const path = join(directory, name);
      if (!(await isExecutableFile(path))) continue;
      const binary = { path, env: {} };
      const fault = await faultOf(binary);
      if (fault === undefined) return binary;
      passedOver.push(`${path} ${fault}`);
    }
  }
  return new Refusal(
    'no_server_on_path',
    passedOver.join('; ') || 'no redis-server or valkey-server on PATH',
  );
}

/** Why this binary can't be used, or `undefined` when it can: it runs, and it is Redis ≥ 7.0 or Valkey. */
export async function faultOf({ path, env }: ServerBinary): Promise<string | undefined> {
  try {
    const options = { env: { ...process.env, ...env }, timeout: VERSION_DEADLINE_MS };
    const { stdout } = await run(path, ['--version'], options);
    const major = /\bv=(\d+)\./.exec(stdout)?.[1];
    if (major === undefined) return 'does not tell its version';
    return Number(major) < LEAST_REDIS_MAJOR_VERSION ? 'is older than Redis 7.0' : undefined;
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
