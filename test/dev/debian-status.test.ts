import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fetchArchives } from '../../src/dev/debian/apt.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'portcullis-debian-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(scratch, { recursive: true, force: true });
});

const installed = (name: string, fields = ''): string =>
  `Package: ${name}\nStatus: install ok installed\n${fields}`;

/** Programs in place of apt's: the first tells where the system's status file is, the other downloads nothing. */
async function standIns(status: string): Promise<string> {
  const bin = join(scratch, 'bin');
  await mkdir(bin);
  const file = join(scratch, 'system-status');
  await writeFile(file, status);
  await writeFile(join(bin, 'apt-config'), `#!/bin/sh\necho "file='${file}'"\n`, { mode: 0o755 });
  await writeFile(join(bin, 'apt-get'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  return bin;
}

test('apt takes ignored packages, and those that depend on them, not to be installed', async () => {
  const status = [
    installed('wanted-server', 'Depends: libc6 (>= 2.36), wanted-common\n'),
    installed('wanted-common'),
    installed('add-on', 'Pre-Depends: dpkg\nDepends: other | wanted-server:any (>= 1)\n'),
    installed('add-on-of-add-on', 'Depends: add-on\n'),
    installed('libc6'),
    installed('not-wanted', 'Depends: libc6\n'),
  ];
  const bin = await standIns(status.join('\n\n'));
  vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
  const work = join(scratch, 'work');
  const wanted = { alternatives: [['wanted-server']], ignoreInstalled: /^wanted-/, timeoutMs: 10_000 };
  expect(await fetchArchives(work, wanted)).toEqual([]);
  const names = (await readFile(join(work, 'status'), 'utf8')).matchAll(/^Package: (\S+)/gm);
  expect([...names].map(([, name]) => name)).toEqual(['libc6', 'not-wanted']);
});
