import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumBinary } from '../support/chromium.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-browsers-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function program(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

test('CHROME_PATH takes precedence, and if it does not run, no other browser is used', async () => {
  const chosen = await program('my-browser', 'echo Chromium 150.0.1.2');
  await program('chromium', 'echo Chromium 140.0.1.2');
  expect(await chromiumBinary({ CHROME_PATH: chosen, PATH: folder })).toEqual({ path: chosen, env: {} });
  const missing = { CHROME_PATH: join(folder, 'none'), PATH: folder };
  await expect(chromiumBinary(missing)).rejects.toThrow(
    /CHROME_PATH: .*none does not run[\s\S]*apt-get install/,
  );
});

test('a program on the PATH that is not a working browser is skipped', async () => {
  await program('chromium', 'echo "needs to be installed as a snap"; exit 1');
  await program('chromium-browser', 'echo "how to get it"');
  const chrome = await program('google-chrome-stable', 'echo Google Chrome 140.0.1.2');
  expect(await chromiumBinary({ PATH: folder })).toEqual({ path: chrome, env: {} });
});
