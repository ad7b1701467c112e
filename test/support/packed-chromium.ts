import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import type { ChromiumBinary } from './chromium.ts';

const CACHE_DIRECTORY = join(import.meta.dirname, '../../.cache/chromium');
const PROGRAM = 'chromium';

/** A temporary folder of this age was left behind by a process that was killed. */
const ABANDONED_AFTER_MS = 10 * 60_000;

/** One font for every family, so that the layout is the same on every machine. */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir></fontconfig>
`;

/** The package contains a build for only one platform. */
export const hasPackedChromium = (): boolean => process.platform === 'linux' && process.arch === 'x64';

/**
 * The headless shell of `@sparticuz/chromium`, unpacked once below `cacheDirectory` with its libraries (NSS, expat) and
 * its font. The package's own function unpacks into the system's temporary folder, without a version in the name, and
 * the libraries only in certain cloud environments.
 */
export async function unpackedChromium(cacheDirectory = CACHE_DIRECTORY): Promise<ChromiumBinary> {
  const folder = packageFolder();
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  const home = join(cacheDirectory, version);
  if (!(await exists(home))) await unpackInto(home, join(folder, 'bin'), cacheDirectory);
  return {
    path: join(home, PROGRAM),
    env: { LD_LIBRARY_PATH: join(home, 'lib'), FONTCONFIG_FILE: join(home, 'fonts.conf') },
  };
}

const packageFolder = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..');

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** `home` appears only when it is complete. If several processes unpack, the first one's folder is kept. */
async function unpackInto(home: string, archives: string, cacheDirectory: string): Promise<void> {
  await mkdir(cacheDirectory, { recursive: true });
  await removeAbandoned(cacheDirectory);
  const work = await mkdtemp(join(cacheDirectory, 'unpacking-'));
  try {
    const program = createWriteStream(join(work, PROGRAM), { mode: 0o755 });
    await Promise.all([
      pipeline(createReadStream(join(archives, 'chromium.br')), createBrotliDecompress(), program),
      untar(join(archives, 'al2023.tar.br'), work),
      untar(join(archives, 'fonts.tar.br'), work),
    ]);
    await writeFile(join(work, 'fonts.conf'), FONTS);
    await rename(work, home);
  } catch (fault) {
    if (!(await exists(home))) throw fault;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Removes other versions too: each one is 200 MB. */
async function removeAbandoned(cacheDirectory: string): Promise<void> {
  for (const name of await readdir(cacheDirectory)) {
    const path = join(cacheDirectory, name);
    const mtimeMs = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

/**
 * tar may exit before it has read the padding after the end of the archive. The broken pipe does not matter: a truncated
 * or damaged archive is reported by the exit code.
 */
async function untar(archive: string, into: string): Promise<void> {
  const tar = spawn('tar', ['-x', '--no-same-owner', '-C', into], { stdio: ['pipe', 'ignore', 'ignore'] });
  const unpacked = pipeline(createReadStream(archive), createBrotliDecompress(), tar.stdin).catch(() => {});
  const [[code]] = await Promise.all([once(tar, 'close'), unpacked]);
  if (code !== 0) throw new Error(`tar exited with ${code} on ${archive}`);
}
