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
  above = await mkdtemp(join(tmpdir(), 'portcullis-setup-'));
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

/** Runs the setup without npm on the PATH, so that it cannot install anything. */
async function setUp(): Promise<{ exitCode: number; output: string }> {
  const env = { PATH: dirname(process.execPath) };
  const done = promisify(execFile)(process.execPath, ['scripts/setup.mjs'], { cwd: project, env });
  return done.then(
    ({ stderr }) => ({ exitCode: 0, output: stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ exitCode: code, output: stderr }),
  );
}

/** Holds the lock for a moment, starting at the same time as others, and prints whether it was alone. */
const HOLD_LOCK = `
  import { openSync, rmSync } from 'node:fs';
  import { withLock } from './scripts/setup/lock.mjs';
  const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  pause(process.argv[1] - Date.now());
  await withLock(process.cwd(), () => {
    try {
      openSync('.cache/inside', 'wx');
      pause(20);
      rmSync('.cache/inside');
      process.stdout.write('alone ');
    } catch {
      process.stdout.write('crowded ');
    }
  });`;

/** Starts `count` processes that compete for the lock at the same moment. @returns their output */
async function holdLock(count: number): Promise<string> {
  const startMs = String(Date.now() + 300);
  const args = ['--input-type=module', '--eval', HOLD_LOCK, startMs];
  const all = Array.from({ length: count }, () =>
    promisify(execFile)(process.execPath, args, { cwd: project }),
  );
  return (await Promise.all(all)).map(({ stdout }) => stdout).join('');
}

/** The ID of a process that has exited. */
async function deadPid(): Promise<number> {
  const child = execFile(process.execPath, ['--eval', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

const BUILT = { exitCode: 0, output: 'Building the web app …\n' };
const NOTHING_TO_DO = { exitCode: 0, output: '' };

/** All scripts of the build, concatenated. */
async function builtScripts(): Promise<string> {
  const assets = join(project, 'dist/web/assets');
  const texts = (await readdir(assets)).map((name) => readFile(join(assets, name), 'utf8'));
  return (await Promise.all(texts)).join();
}

describe('setup', () => {
  test('builds the web app when its sources or build inputs have changed, and otherwise does nothing', async () => {
    expect(await setUp()).toEqual(BUILT);
    expect(await builtScripts()).toContain('first');
    expect(await setUp()).toEqual(NOTHING_TO_DO);
    await source('main.ts', 'document.title = "second";');
    expect(await setUp()).toEqual(BUILT);
    expect(await builtScripts()).toMatch(/^(?!.*first).*second/s);
    await writeFile(join(project, 'tsconfig.json'), '{}');
    expect(await setUp()).toEqual(BUILT);
    expect(await readdir(join(project, 'dist'))).toEqual(['web']);
  });

  test('reports why a build failed, exits with 1 and keeps the previous build', async () => {
    await setUp();
    await source('main.ts', 'import "./nowhere.ts";');
    const { exitCode, output } = await setUp();
    expect(exitCode).toBe(1);
    expect(output).toContain('The web app in src/web could not be built:');
    expect(output).toContain('nowhere.ts');
    expect(output).not.toContain('setup.mjs');
    expect(await builtScripts()).toContain('first');
    expect(await readdir(join(project, 'dist'))).toEqual(['web']);
    expect(await readdir(join(project, '.cache'))).toEqual([]);
  });

  test('runs one build for two concurrent calls, and both wait for it', async () => {
    await rm(join(project, 'dist'), { recursive: true, force: true });
    const both = await Promise.all([setUp(), setUp()]);
    expect(both.sort((a, b) => b.output.length - a.output.length)).toEqual([BUILT, NOTHING_TO_DO]);
  });

  test('runs one process at a time when several find the lock of a killed process', async () => {
    const cache = join(project, '.cache');
    await mkdir(cache, { recursive: true });
    for (let round = 0; round < 2; round += 1) {
      await writeFile(join(cache, 'setup.lock'), String(await deadPid()));
      expect(await holdLock(5)).toBe('alone '.repeat(5));
    }
    expect(await readdir(cache)).toEqual([]);
  });

  test('rebuilds after an interrupted build and after a build that it did not make', async () => {
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

test('a build does not execute configuration from outside the project', async () => {
  await writeFile(join(above, 'package.json'), '{"workspaces":["*"]}');
  await writeFile(join(above, 'postcss.config.cjs'), 'throw new Error("this ran");');
  await source('main.ts', 'import "./style.css";');
  await source('style.css', 'p { color: red }');
  expect(await setUp()).toEqual(BUILT);
});

test('the web app imports only types from outside src/web, which its digest does not cover', async () => {
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
