import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Refusal } from '../../refusal.ts';
import { faultOf, type ServerBinary } from './server-binary.ts';

const run = promisify(execFile);

const PACKAGES = ['redis-server', 'valkey-server'];
const UNFINISHED = 'unpacking-';
const APT_TIMEOUT_MS = 120_000;

type NoDebianPackage = Refusal<'not_debian' | 'package_unusable'>;

/**
 * The Redis package of the distribution, unpacked below `cacheDirectory`. This needs no root: apt uses its own lists
 * and cache there and writes nothing to the system. An unpacked package is reused without the network. Of concurrent
 * processes one unpacks, and the others wait for it.
 *
 * @param onUnpack called before packages are fetched, which takes seconds
 */
export async function serverFromDebianPackage(
  cacheDirectory: string,
  onUnpack: () => void = () => {},
): Promise<ServerBinary | NoDebianPackage> {
  const release = await debianRelease();
  if (release === undefined) return new Refusal('not_debian', 'not a Debian or Ubuntu system');
  const home = join(cacheDirectory, `${release}-${process.arch}`);
  const present = await serverIn(home);
  if (!(present instanceof Refusal)) return present;
  try {
    await mkdir(cacheDirectory, { recursive: true });
    using _ = await lock(join(cacheDirectory, 'lock'));
    const unpackedMeanwhile = await serverIn(home);
    if (!(unpackedMeanwhile instanceof Refusal)) return unpackedMeanwhile;
    onUnpack();
    return await unpackInto(home, cacheDirectory);
  } catch (fault) {
    return new Refusal('package_unusable', lastLine(fault));
  }
}

/** Such as `debian-12` or `ubuntu-24.04`; undefined on a distribution without apt. */
async function debianRelease(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(release)?.[1] ?? '';
  if (!/\b(debian|ubuntu)\b/.test(`${field('ID')} ${field('ID_LIKE')}`)) return undefined;
  return `${field('ID')}-${field('VERSION_ID') || field('VERSION_CODENAME')}`.replace(/[^\w.-]/g, '_');
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
async function unpackInto(home: string, cacheDirectory: string): Promise<ServerBinary | NoDebianPackage> {
  await removeUnfinished(cacheDirectory);
  const work = await mkdtemp(join(cacheDirectory, UNFINISHED));
  try {
    const root = join(work, 'root');
    for (const archive of await fetchArchives(work)) await run('dpkg-deb', ['-x', archive, root]);
    const server = await serverIn(root);
    if (server instanceof Refusal) return server;
    await rm(home, { recursive: true, force: true });
    await rename(root, home);
    return await serverIn(home);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Removes what killed processes have left. Safe because only the holder of the lock unpacks. */
async function removeUnfinished(cacheDirectory: string): Promise<void> {
  for (const name of await readdir(cacheDirectory))
    if (name.startsWith(UNFINISHED)) await rm(join(cacheDirectory, name), { recursive: true, force: true });
}

/** Downloads the package, its tools and all missing libraries. @returns the paths of the `.deb` files */
async function fetchArchives(work: string): Promise<string[]> {
  const archives = join(work, 'cache/archives');
  for (const path of [join(work, 'lists/partial'), join(archives, 'partial'), join(work, 'root')])
    await mkdir(path, { recursive: true });
  const configuration = join(work, 'apt.conf');
  await writeFile(configuration, aptConfiguration(work));
  await writeFile(join(work, 'status'), await statusWithoutRedis());
  const apt = (...words: string[]) =>
    run('apt-get', ['-c', configuration, '-qq', ...words], {
      env: { ...process.env, LC_ALL: 'C' },
      timeout: APT_TIMEOUT_MS,
    });
  await apt('update');
  await downloadFirst(PACKAGES, (name) => apt('--download-only', 'install', name));
  return (await readdir(archives))
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(archives, name));
}

/** Downloads the first package that is available. @throws with the reason for each package */
async function downloadFirst(
  names: readonly string[],
  download: (name: string) => Promise<unknown>,
): Promise<void> {
  const faults: string[] = [];
  for (const name of names) {
    try {
      await download(name);
      return;
    } catch (fault) {
      faults.push(`${name}: ${lastLine(fault)}`);
    }
  }
  throw new Error(faults.join('; '));
}

/**
 * dpkg's status file without the packages of Redis and Valkey. apt does not download installed packages, and each of
 * them can hold the server: on Debian it is in `redis-tools`.
 */
async function statusWithoutRedis(): Promise<string> {
  const { stdout } = await run('apt-config', ['shell', 'file', 'Dir::State::status/f']);
  const status = await readFile(/'(.*)'/.exec(stdout)?.[1] ?? '', 'utf8');
  const packages = status.split(/\n{2,}/);
  return packages.filter((entry) => !/^Package: (?:redis|valkey)\b/m.test(entry)).join('\n\n');
}

/** Makes apt write to private directories only, and disables the system's hooks, as some clean the system's cache. */
function aptConfiguration(work: string): string {
  return `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
Dir::State::lists "${work}/lists";
Dir::State::status "${work}/status";
Dir::Cache "${work}/cache";
Dir::Cache::archives "${work}/cache/archives";
Dir::Log "${work}/log";
Debug::NoLocking "true";
APT::Sandbox::User "";
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
Acquire::Languages "none";
`;
}

/** The server in an unpacked tree. The libraries of the tree take precedence over the system's. */
async function serverIn(root: string): Promise<ServerBinary | NoDebianPackage> {
  const libraries: string[] = [];
  for (const parent of [join(root, 'usr/lib'), join(root, 'lib')]) {
    const names = await readdir(parent).catch(() => []);
    libraries.push(...names.filter((name) => name.includes('-linux-')).map((name) => join(parent, name)));
  }
  const env = libraries.length > 0 ? { LD_LIBRARY_PATH: libraries.join(':') } : {};
  for (const name of PACKAGES) {
    const path = join(root, 'usr/bin', name);
    if ((await stat(path).catch(() => undefined)) === undefined) continue;
    const fault = await faultOf({ path, env });
    return fault === undefined ? { path, env } : new Refusal('package_unusable', `${name} ${fault}`);
  }
  return new Refusal('package_unusable', 'the package holds no server');
}

function lastLine(fault: unknown): string {
  const text = fault instanceof Error ? fault.message.trim() : 'unknown error';
  return text.slice(text.lastIndexOf('\n') + 1);
}
