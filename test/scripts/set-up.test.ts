import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

let above: string;
let project: string;
beforeAll(async () => {
  above = await mkdtemp(join(tmpdir(), 'portcullis-set-up-'));
  project = join(above, 'project');
  await mkdir(project);
  for (const name of ['scripts', 'package.json', 'package-lock.json', 'vite.config.ts', 'tsconfig.json'])
    await cp(join(ROOT, name), join(project, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(project, 'node_modules'));
  await mkdir(join(project, 'src/web'), { recursive: true });
  await source(
    'index.html',
    '<!doctype html><title>x</title><script type="module" src="./main.ts"></script>',
  );
});
beforeEach(() => source('main.ts', 'const what: string = "first"; document.title = what;'));
afterAll(() => rm(above, { recursive: true }));

const source = (name: string, text: string): Promise<void> => writeFile(join(project, 'src/web', name), text);

/** Runs the set-up with no npm in reach, so that it can't install anything. @returns its exit code and its words */
async function setUp(): Promise<{ exitCode: number; said: string }> {
  const env = { PATH: dirname(process.execPath) };
  const done = promisify(execFile)(process.execPath, ['scripts/set-up.mjs'], { cwd: project, env });
  return done.then(
    ({ stderr }) => ({ exitCode: 0, said: stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ exitCode: code, said: stderr }),
  );
}

/** Works alone for a moment, from the same moment on as others, and says whether it was alone. */
const WORK_ALONE = `
  import { openSync, rmSync } from 'node:fs';
  import { alone } from './scripts/set-up/lock.mjs';
  const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  pause(process.argv[1] - Date.now());
  await alone(process.cwd(), () => {
    try {
      openSync('.cache/inside', 'wx');
      pause(20);
      rmSync('.cache/inside');
      process.stdout.write('alone ');
    } catch {
      process.stdout.write('crowded ');
    }
  });`;

/** So many processes that start to work at the same moment. @returns what they say */
async function workAlone(count: number): Promise<string> {
  const startMs = String(Date.now() + 300);
  const words = ['--input-type=module', '--eval', WORK_ALONE, startMs];
  const all = Array.from({ length: count }, () =>
    promisify(execFile)(process.execPath, words, { cwd: project }),
  );
  return (await Promise.all(all)).map(({ stdout }) => stdout).join('');
}

/** The id of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = execFile(process.execPath, ['--eval', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

const BUILT = { exitCode: 0, said: 'Building the web app …\n' };
const NOTHING_DONE = { exitCode: 0, said: '' };

/** The text of all scripts of the build. */
async function builtScripts(): Promise<string> {
  const assets = join(project, 'dist/web/assets');
  const texts = (await readdir(assets)).map((name) => readFile(join(assets, name), 'utf8'));
  return (await Promise.all(texts)).join();
}

describe('the set-up', () => {
  test('builds the web app when its sources or what it is built with have changed, and else does nothing', async () => {
    expect(await setUp()).toEqual(BUILT);
    expect(await builtScripts()).toContain('first');
    expect(await setUp()).toEqual(NOTHING_DONE);
    await source('main.ts', 'document.title = "second";');
    expect(await setUp()).toEqual(BUILT);
    expect(await builtScripts()).toMatch(/^(?!.*first).*second/s);
    await writeFile(join(project, 'tsconfig.json'), '{}');
    expect(await setUp()).toEqual(BUILT);
    expect(await readdir(join(project, 'dist'))).toEqual(['web']);
  });

  test('says why a build fails, ends with 1 and leaves the build before as it was', async () => {
    await setUp();
    await source('main.ts', 'import "./nowhere.ts";');
    const { exitCode, said } = await setUp();
    expect(exitCode).toBe(1);
    expect(said).toContain('The web app in src/web could not be built:');
    expect(said).toContain('nowhere.ts');
    expect(said).not.toContain('set-up.mjs');
    expect(await builtScripts()).toContain('first');
    expect(await readdir(join(project, 'dist'))).toEqual(['web']);
    expect(await readdir(join(project, '.cache'))).toEqual([]);
  });

  test('of two at the same moment only one builds, and neither ends before the build is there', async () => {
    await rm(join(project, 'dist'), { recursive: true, force: true });
    const both = await Promise.all([setUp(), setUp()]);
    expect(both.sort((a, b) => b.said.length - a.said.length)).toEqual([BUILT, NOTHING_DONE]);
  });

  test('of several that find the lock of one that was killed, only one works at a time', async () => {
    const cache = join(project, '.cache');
    await mkdir(cache, { recursive: true });
    for (let round = 0; round < 2; round += 1) {
      await writeFile(join(cache, 'set-up.lock'), String(await deadPid()));
      expect(await workAlone(5)).toBe('alone '.repeat(5));
    }
    expect(await readdir(cache)).toEqual([]);
  });

  test('takes neither a build that was broken off nor one that is not its own for a build of these sources', async () => {
    await setUp();
    const [done, next] = [join(project, 'dist/web'), join(project, 'dist/web.next')];
    await rm(join(done, '.sources-sha256'));
    await mkdir(next);
    await writeFile(join(next, 'half.js'), '');
    expect(await setUp()).toEqual(BUILT);
    await expect(stat(join(done, 'half.js'))).rejects.toThrow('ENOENT');
    expect(await readdir(join(project, 'dist'))).toEqual(['web']);
  });
});

test('a build runs no configuration from outside the project, which others may have put there', async () => {
  await writeFile(join(above, 'package.json'), '{"workspaces":["*"]}');
  await writeFile(join(above, 'postcss.config.cjs'), 'throw new Error("this ran");');
  await source('main.ts', 'import "./style.css";');
  await source('style.css', 'p { color: red }');
  expect(await setUp()).toEqual(BUILT);
});

test('the web app takes nothing but types from sources beyond its own, which no digest of it covers', async () => {
  const web = join(ROOT, 'src/web');
  const beyond: string[] = [];
  for (const name of await readdir(web, { recursive: true })) {
    if (!/\.tsx?$/.test(name)) continue;
    const text = await readFile(join(web, name), 'utf8');
    for (const [, path = ''] of text.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?['"](\.[^'"]+)['"]/gm))
      if (relative(web, resolve(web, dirname(name), path)).startsWith('..')) beyond.push(`${name}: ${path}`);
  }
  expect(beyond).toEqual([]);
});
