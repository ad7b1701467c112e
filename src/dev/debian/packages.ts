import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Refusal } from '../../refusal.ts';
import { fetchArchives, lastLine, type WantedPackages } from './apt.ts';

const run = promisify(execFile);

const UNFINISHED = 'unpacking-';

export type NoDebianPackage = Refusal<'not_debian' | 'package_unusable'>;

export interface PackageRequest<Found> extends WantedPackages {
  /** Where the packages are unpacked. Only this request may use it. */
  cacheDirectory: string;
  /** Finds what is wanted in an unpacked tree. */
  findIn(root: string): Promise<Found | NoDebianPackage>;
  /** Called before packages are downloaded, which takes seconds. */
  onUnpack?: () => void;
}

/**
 * Packages of the distribution with the libraries that are missing, unpacked below `cacheDirectory`, without root. An
 * unpacked tree is reused without the network. Of concurrent processes one unpacks, and the others wait for it.
 */
export async function unpackDebianPackages<Found extends object>(
  request: PackageRequest<Found>,
): Promise<Found | NoDebianPackage> {
  const { cacheDirectory, onUnpack } = request;
  const present = await unpackedDebianPackages(request);
  if (!isMissing(present)) return present;
  try {
    await mkdir(cacheDirectory, { recursive: true });
    using _ = await lock(join(cacheDirectory, 'lock'));
    const unpackedMeanwhile = await unpackedDebianPackages(request);
    if (!isMissing(unpackedMeanwhile)) return unpackedMeanwhile;
    onUnpack?.();
    return await unpackInto(await homeIn(cacheDirectory), request);
  } catch (fault) {
    return new Refusal('package_unusable', lastLine(fault));
  }
}

/** The same, but only if the packages have been unpacked before. */
export async function unpackedDebianPackages<Found extends object>({
  cacheDirectory,
  findIn,
}: Pick<PackageRequest<Found>, 'cacheDirectory' | 'findIn'>): Promise<Found | NoDebianPackage> {
  const home = await homeIn(cacheDirectory);
  return home === '' ? new Refusal('not_debian', 'not a Debian or Ubuntu system') : findIn(home);
}

const isMissing = (found: object): boolean => found instanceof Refusal && found.reason === 'package_unusable';

/** Such as `<cacheDirectory>/debian-12-x64`; empty on a distribution without apt. */
async function homeIn(cacheDirectory: string): Promise<string> {
  if (process.platform !== 'linux') return '';
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(release)?.[1] ?? '';
  if (!/\b(debian|ubuntu)\b/.test(`${field('ID')} ${field('ID_LIKE')}`)) return '';
  const version = field('VERSION_ID') || field('VERSION_CODENAME');
  const name = `${field('ID')}-${version}`.replace(/[^\w.-]/g, '_');
  return join(cacheDirectory, `${name}-${process.arch}`);
}

/** An exclusive lock on a file, held until it is disposed of or the process ends. */
async function lock(file: string): Promise<Disposable> {
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; read -r _'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  return { [Symbol.dispose]: () => holder.stdin.end() };
}

/** Fills a directory under another name and then renames it to `home`, so that `home` is always complete. */
async function unpackInto<Found extends object>(
  home: string,
  request: PackageRequest<Found>,
): Promise<Found | NoDebianPackage> {
  await removeUnfinished(request.cacheDirectory);
  const work = await mkdtemp(join(request.cacheDirectory, UNFINISHED));
  try {
    const root = join(work, 'root');
    for (const archive of await fetchArchives(work, request)) await run('dpkg-deb', ['-x', archive, root]);
    const found = await request.findIn(root);
    if (found instanceof Refusal) return found;
    await rm(home, { recursive: true, force: true });
    await rename(root, home);
    return await request.findIn(home);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Removes what killed processes have left. Safe because only the holder of the lock unpacks. */
async function removeUnfinished(cacheDirectory: string): Promise<void> {
  for (const name of await readdir(cacheDirectory))
    if (name.startsWith(UNFINISHED)) await rm(join(cacheDirectory, name), { recursive: true, force: true });
}

/** `LD_LIBRARY_PATH` for a program of an unpacked tree. The libraries of the tree take precedence over the system's. */
export async function libraryPathOf(root: string): Promise<Record<string, string>> {
  const libraries: string[] = [];
  for (const parent of [join(root, 'usr/lib'), join(root, 'lib')]) {
    const names = await readdir(parent).catch(() => []);
    libraries.push(...names.filter((name) => name.includes('-linux-')).map((name) => join(parent, name)));
  }
  return libraries.length > 0 ? { LD_LIBRARY_PATH: libraries.join(':') } : {};
}
