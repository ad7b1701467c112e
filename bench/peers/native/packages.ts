import { access } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type NoDebianPackage,
  unpackDebianPackages,
  unpackedDebianPackages,
} from '../../../src/dev/debian/packages.ts';
import { Refusal } from '../../../src/refusal.ts';
import { Unavailable } from '../../contestant.ts';

/** Caches of the benchmark, kept between runs. */
export const CACHE_DIRECTORY = join(import.meta.dirname, '../../../.cache/bench');

/** Go is a download of 90 MB. */
const DOWNLOAD_TIMEOUT_MS = 600_000;

/**
 * Where programs may come from: `present` is what is installed or was unpacked before, `any` also downloads what is
 * missing, and `fetched` ignores what is installed.
 */
export type PackageSource = 'present' | 'any' | 'fetched';

/** The setting `BENCH_PACKAGES` of the benchmark. */
export function packageSource(env: NodeJS.ProcessEnv): PackageSource {
  const source = env.BENCH_PACKAGES ?? 'any';
  if (source === 'present' || source === 'any' || source === 'fetched') return source;
  throw new Error('BENCH_PACKAGES: must be present, any or fetched');
}

/** What a peer needs from Debian. */
export interface NeededPackages<Found> {
  /** The name of the directory in the cache. */
  readonly id: string;
  readonly packages: readonly string[];
  /** Matches the names of these packages and of those that they depend on, except for libraries of every system. */
  readonly related: RegExp;
  /** Finds the files in a tree, which is `/` for what is installed. @returns undefined if one of them is missing */
  findIn(root: string): Promise<Found | undefined>;
}

/** Finds or downloads what a peer needs, without root. */
export async function findPackages<Found extends object>(
  needed: NeededPackages<Found>,
  source: PackageSource,
): Promise<Found | Unavailable> {
  const installed = source === 'fetched' ? undefined : await needed.findIn('/');
  if (installed !== undefined) return installed;
  const request = {
    cacheDirectory: join(CACHE_DIRECTORY, needed.id),
    alternatives: [needed.packages],
    ignoreInstalled: needed.related,
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
    findIn: async (root: string): Promise<Found | NoDebianPackage> =>
      (await needed.findIn(root)) ?? new Refusal('package_unusable', `${needed.id} is not installed`),
    onUnpack: () => process.stderr.write(`Downloading ${needed.packages.join(', ')} (only once) …\n`),
  };
  const found = await (source === 'present'
    ? unpackedDebianPackages(request)
    : unpackDebianPackages(request));
  return found instanceof Refusal ? new Unavailable(found.detail ?? found.reason) : found;
}

/** Whether all files exist. */
export async function areFiles(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.allSettled(paths.map((path) => access(path)));
  return found.every(({ status }) => status === 'fulfilled');
}

/** Debian's name of this machine's architecture in paths of libraries. */
export const LIBRARY_DIRECTORY = `usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
