import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { BrowserContext } from 'playwright-core';
import { DEMO_USERS } from '../../src/dev/demo-users.ts';
import { readWebBuild, type WebBuild } from '../../src/gateway/static/web-build.ts';
import { type StackOptions, startTestStack, type TestStack } from './stack.ts';

const run = promisify(execFile);

const PROJECT = join(import.meta.dirname, '../..');

/**
 * The real gateway with the web app at `/`, before the real bank, over one private Redis, with the demo users and their
 * accounts. The web app is what src/web holds at this moment; `env` and `bankEnv` are settings as in README.md. Money
 * moves only when a test moves it, unless `BANK_TRANSACTION_INTERVAL_MS` says otherwise.
 */
export async function startWebStack(
  env: Record<string, string> = {},
  bankEnv: Record<string, string> = {},
  options: Omit<StackOptions, 'web'> = {},
): Promise<TestStack> {
  return startTestStack(env, bankEnv, { ...options, web: await buildWebApp() });
}

/**
 * Builds the web app as it is shipped, into a folder of its own: dist/web may be older than the sources, and two test
 * files would get in each other's way there. It takes some 200 ms.
 */
async function buildWebApp(): Promise<WebBuild> {
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-web-'));
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
  try {
    await run(process.execPath, [vite, 'build', '--outDir', directory, '--logLevel', 'warn'], {
      cwd: PROJECT,
      env: { ...process.env, NODE_ENV: 'production' },
    });
    const build = await readWebBuild(directory);
    if (build === undefined) throw new Error('the build of the web app has no page');
    return build;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Gives a context the cookies of a demo user's new session, as if its log-in page had been used. */
export async function logInContext(
  context: BrowserContext,
  origin: string,
  username: string,
  headers: Record<string, string> = {},
): Promise<void> {
  const password = DEMO_USERS.find((demo) => demo.username === username)?.password;
  const answer = await context.request.post(`${origin}/auth/login`, {
    headers: { origin, ...headers },
    data: { username, password, transport: 'cookie' },
  });
  if (!answer.ok()) throw new Error(`log-in of ${username} answered ${answer.status()}`);
}
