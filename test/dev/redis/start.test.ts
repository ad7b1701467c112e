import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { serverFromDebianPackage } from '../../../src/dev/redis/debian-package.ts';
import type { ServerBinary } from '../../../src/dev/redis/server-binary.ts';
import { serverBinary, startDevRedis } from '../../../src/dev/redis/start.ts';
import { Refusal } from '../../../src/refusal.ts';

/** apt downloads lists and packages. */
const FETCH_TIMEOUT_MS = 300_000;

let scratch: string;
let real: ServerBinary;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'portcullis-provide-'));
  const found = await serverBinary(process.env);
  if (found instanceof Refusal) throw new Error(found.detail);
  real = found;
});

afterEach(() => vi.unstubAllEnvs());
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** A folder for the PATH with a program of this name that is the real server, or claims another version. */
async function pathWith(name: string, version?: string): Promise<string> {
  const directory = await mkdtemp(join(scratch, 'bin-'));
  const libraries = Object.entries(real.env).map(([key, value]) => `${key}='${value}'`);
  const server = `exec env ${libraries.join(' ')} '${real.path}' "$@"`;
  const script = version === undefined ? server : `echo 'Redis server v=${version} sha=00000000'`;
  await writeFile(join(directory, 'program'), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, 'program'), 0o755);
  await symlink('program', join(directory, name));
  return directory;
}

/** A place where nothing can be unpacked, even by root: its parent is a file. */
async function noCache(): Promise<string> {
  const file = join(scratch, 'a-file');
  await writeFile(file, '');
  return join(file, 'redis');
}

const noDocker = async () => new Refusal('no_docker', 'Docker is not running');

test.each(['redis-server', 'valkey-server'])('%s on the PATH comes before the package', async (name) => {
  const bin = await pathWith(name);
  const redis = await startDevRedis(
    { PATH: `/nonexistent:${bin}` },
    { directory: join(scratch, `data-${name}`) },
  );
  await redis.stop();
  expect(redis.source).toBe(join(bin, name));
  expect(redis.url).toMatch(/^unix:\/\//);
});

test('a server on the PATH that is older than 7.0 is skipped', async () => {
  const old = await pathWith('redis-server', '6.2.14');
  const recent = await pathWith('redis-server');
  const found = await serverBinary({ PATH: `${old}:${recent}` });
  expect(found).toMatchObject({ path: join(recent, 'redis-server') });
});

test('REDIS_URL takes precedence, and its server is not stopped', async () => {
  const options = { directory: join(scratch, 'unused') };
  const redis = await startDevRedis({ REDIS_URL: 'redis://example.test:6379', PATH: '' }, options);
  await redis.stop();
  expect(redis).toMatchObject({ url: 'redis://example.test:6379', source: 'REDIS_URL' });
  await expect(readdir(options.directory)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('if no server is found, the message shows the commands for macOS, Debian and Docker', async () => {
  const old = await pathWith('redis-server', '6.2.14');
  const options = {
    directory: join(scratch, 'unused'),
    cacheDirectory: await noCache(),
    startContainer: noDocker,
  };
  await expect(startDevRedis({ PATH: old }, options)).rejects.toMatchObject({
    code: 'redis_not_found',
    message: expect.stringMatching(
      /older than Redis 7\.0[\s\S]*Docker is not running[\s\S]*brew install redis[\s\S]*apt-get install redis-server[\s\S]*docker run/,
    ),
  });
});

test(
  "two processes that start at once with an empty cache unpack the distribution's package once",
  async () => {
    const cacheDirectory = join(scratch, 'cache');
    await mkdir(join(cacheDirectory, 'unpacking-by-one-that-was-killed'), { recursive: true });
    let unpacked = 0;
    const ask = () => serverFromDebianPackage(cacheDirectory, () => void unpacked++);
    const found = await Promise.all([ask(), ask()]);
    if (found[0] instanceof Refusal && found[0].reason === 'not_debian') {
      expect(unpacked).toBe(0);
      return;
    }
    expect(found[0]).toMatchObject({ path: expect.stringMatching(/\/usr\/bin\/(redis|valkey)-server$/) });
    expect(found[1]).toEqual(found[0]);
    expect(unpacked).toBe(1);
    expect(await readdir(cacheDirectory)).toHaveLength(2);
    expect(await ask()).toEqual(found[0]);
    expect(unpacked).toBe(1);
  },
  FETCH_TIMEOUT_MS,
);

test.each([
  ['only its tools are installed', ['tools']],
  ['its tools and its server are installed', ['tools', 'server']],
])(
  "the distribution's package is unpacked whole where %s",
  async (_where, parts) => {
    const known = await serverFromDebianPackage(join(scratch, 'cache'));
    if (known instanceof Refusal && known.reason === 'not_debian') return;
    if (known instanceof Refusal) throw new Error(known.detail);
    const product = basename(known.path).replace('-server', '');
    const version = await unpackedVersion(known, `${product}-tools`);
    await pretendInstalled(
      parts.map((part) => `${product}-${part}`),
      version,
    );
    const found = await serverFromDebianPackage(await mkdtemp(join(scratch, 'cache-')));
    expect(found).toMatchObject({ path: expect.stringMatching(/\/usr\/bin\/(redis|valkey)-server$/) });
  },
  FETCH_TIMEOUT_MS,
);

test('if no package can be downloaded, the reason for each is reported', async () => {
  const bin = await mkdtemp(join(scratch, 'bin-'));
  const script =
    'case "$*" in *update) exit 0;; esac; for name; do :; done; echo "E: no $name" >&2; exit 100';
  await writeFile(join(bin, 'apt-get'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
  const found = await serverFromDebianPackage(await mkdtemp(join(scratch, 'cache-')));
  if (found instanceof Refusal && found.reason === 'not_debian') return;
  expect(found).toMatchObject({
    reason: 'package_unusable',
    detail: 'redis-server: E: no redis-server; valkey-server: E: no valkey-server',
  });
});

/** The newest version in the changelog of a package in the same tree as `server`. */
async function unpackedVersion(server: ServerBinary, name: string): Promise<string> {
  const file = join(server.path, '../../share/doc', name, 'changelog.Debian.gz');
  return /\((.+?)\)/.exec(gunzipSync(await readFile(file)).toString())?.[1] ?? '';
}

/**
 * Makes apt read a copy of dpkg's status in which these packages are installed. They are held, because apt would
 * replace a package whose entry differs from the one in its lists.
 */
async function pretendInstalled(names: string[], version: string): Promise<void> {
  const directory = await mkdtemp(join(scratch, 'dpkg-'));
  const others = (await readFile('/var/lib/dpkg/status', 'utf8'))
    .split('\n\n')
    .filter((entry) => !names.some((name) => entry.startsWith(`Package: ${name}\n`)));
  const entries = names.map(
    (name) =>
      `Package: ${name}\nStatus: hold ok installed\nArchitecture: ${debianArchitecture()}\nVersion: ${version}`,
  );
  await writeFile(join(directory, 'status'), `${[...entries, ...others].join('\n\n')}\n`);
  await writeFile(join(directory, 'apt.conf'), `Dir::State::status "${directory}/status";\n`);
  vi.stubEnv('APT_CONFIG', join(directory, 'apt.conf'));
}

const debianArchitecture = (): string => (process.arch === 'x64' ? 'amd64' : process.arch);
