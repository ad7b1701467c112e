import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './until.ts';

const run = promisify(execFile);

const CACHE_DIRECTORY = join(import.meta.dirname, '../../.cache/prometheus');
const APT_TIMEOUT_MS = 60_000;

/** The paths of Prometheus and its tool, or why they are not there. */
export type PrometheusBinaries = { prometheus: string; promtool: string } | { missing: string };

/**
 * Prometheus on the `PATH`, or from the package of Debian, which is downloaded once and unpacked without root.
 * The package is large, so a test that needs it is skipped where it cannot be had.
 */
export async function prometheusBinaries(): Promise<PrometheusBinaries> {
  const home = join(CACHE_DIRECTORY, process.arch);
  const directories = [...(process.env.PATH ?? '').split(delimiter), join(home, 'usr/bin')];
  const installed = await binariesIn(directories);
  if (!('missing' in installed)) return installed;
  try {
    await unpackInto(home);
  } catch (fault) {
    return { missing: fault instanceof Error ? fault.message : 'unknown error' };
  }
  return binariesIn(directories);
}

async function binariesIn(directories: readonly string[]): Promise<PrometheusBinaries> {
  for (const directory of directories) {
    const [prometheus, promtool] = [join(directory, 'prometheus'), join(directory, 'promtool')];
    const isHere = await Promise.all([access(prometheus), access(promtool)]).then(
      () => true,
      () => false,
    );
    if (isHere) return { prometheus, promtool };
  }
  return { missing: 'no prometheus on the PATH' };
}

/** Another process may unpack at the same time: the first complete directory counts. */
async function unpackInto(home: string): Promise<void> {
  await mkdir(CACHE_DIRECTORY, { recursive: true });
  const work = await mkdtemp(join(CACHE_DIRECTORY, 'unpacking-'));
  try {
    await run('apt-get', ['-qq', 'download', 'prometheus'], { cwd: work, timeout: APT_TIMEOUT_MS });
    const archive = (await readdir(work)).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get downloaded no package');
    await run('dpkg-deb', ['-x', join(work, archive), join(work, 'root')]);
    await rename(join(work, 'root'), home).catch(() => {});
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

export interface RunningPrometheus {
  /** The values of an instant query, by their labels as JSON. */
  query(expression: string): Promise<{ labels: Record<string, string>; value: number }[]>;
  close(): Promise<void>;
}

/** Starts Prometheus with a configuration file and resolves when it responds. */
export async function startPrometheus(
  binary: string,
  configuration: string,
  port: number,
): Promise<RunningPrometheus> {
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-prometheus-'));
  const url = `http://127.0.0.1:${port}`;
  const args = [
    `--config.file=${configuration}`,
    `--storage.tsdb.path=${directory}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = spawn(binary, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const isReady = (): Promise<boolean> =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(isReady, 20_000).catch(async (fault) => {
    await close();
    throw fault;
  });
  return {
    query: async (expression) => {
      const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const { data } = (await response.json()) as QueryResponse;
      return data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
    },
    close,
  };
}

interface QueryResponse {
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
}
