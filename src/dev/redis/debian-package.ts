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
const APT_DEADLINE_MS = 120_000;

export type NoDebianPackage = Refusal<'not_debian' | 'package_unusable'>;

/**
 * The distribution's own Redis package, unpacked below `cacheDirectory` without root: apt works on lists and a
 * cache of its own there, and nothing of the system is written. What has been unpacked once is used again
 * without the network. Processes that ask at the same time wait for the one that unpacks.
 *
 * @param onUnpack called when packages are about to be fetched, which takes seconds rather than milliseconds.
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

/** `debian-12`, `ubuntu-24.04`; `undefined` where apt is not the distribution's package tool. */
async function debianRelease(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(release)?.[1] ?? '';
  if (!/\b(debian|ubuntu)\b/.test(`${field('ID')} ${field('ID_LIKE')}`)) return undefined;
  return `${field('ID')}-${field('VERSION_ID') || field('VERSION_CODENAME')}`.replace(/[^\w.-]/g, '_');
}

/** Holds an exclusive lock on a file until it is disposed of, or this process ends in any way. */
async function lock(file: string): Promise<Disposable> {
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; read -r _'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  return { [Symbol.dispose]: () => holder.stdin.end() };
}

/** A folder appears at `home` only when it is complete: it is filled under another name and then renamed. */
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

/** Whoever holds the lock is the only one that unpacks: what else is there was left by a process that was killed. */
async function removeUnfinished(cacheDirectory: string): Promise<void> {
  for (const name of await readdir(cacheDirectory))
    if (name.startsWith(UNFINISHED)) await rm(join(cacheDirectory, name), { recursive: true, force: true });
}

/** The package, its tools and every library that the system lacks, as paths of `.deb` files below `work`. */
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
      timeout: APT_DEADLINE_MS,
    });
  await apt('update');
  const fetch = (name: string) => apt('--download-only', 'install', name);
  const [first = '', second = ''] = PACKAGES;
  await fetch(first).catch(() => fetch(second));
  return (await readdir(archives))
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(archives, name));
}

/**
 * dpkg's list of installed packages without those of Redis and Valkey. apt leaves out what is installed, but the server
 * program is in any of them: Debian has it in `redis-tools`.
 */
async function statusWithoutRedis(): Promise<string> {
  const { stdout } = await run('apt-config', ['shell', 'file', 'Dir::State::status/f']);
  const status = await readFile(/'(.*)'/.exec(stdout)?.[1] ?? '', 'utf8');
  const packages = status.split(/\n{2,}/);
  return packages.filter((entry) => !/^Package: (?:redis|valkey)\b/m.test(entry)).join('\n\n');
}

/** Private places for all that apt writes, and none of the system's hooks: some of them clean the system's cache. */
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

/** The server in an unpacked tree, with the tree's own libraries before the system's. */
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
  const text = fault instanceof Error ? fault.message.trim() : 'unknown fault';
  return text.slice(text.lastIndexOf('\n') + 1);
}
