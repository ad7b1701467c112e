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
 * Starts the gateway with the web app at `/`, the bank and a private Redis, with the demo users and their accounts. The
 * web app is built from src/web; `env` and `bankEnv` are settings as in README.md. There are no transactions except those
 * of a test, unless `BANK_TRANSACTION_INTERVAL_MS` is set.
 */
export async function startWebStack(
  env: Record<string, string> = {},
  bankEnv: Record<string, string> = {},
  options: Omit<StackOptions, 'web'> = {},
): Promise<TestStack> {
  return startTestStack(env, bankEnv, { ...options, web: await buildWebApp() });
}

/**
 * Builds the web app as for production, into a temporary folder: dist/web may be older than the sources, and concurrent
 * test files must not share it. It takes about 200 ms.
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

/** Logs a demo user in and sets the cookies of the session in the context, without using the login page. */
export async function logInContext(
  context: BrowserContext,
  origin: string,
  username: string,
  headers: Record<string, string> = {},
): Promise<void> {
  const password = DEMO_USERS.find((demo) => demo.username === username)?.password;
  const response = await context.request.post(`${origin}/auth/login`, {
    headers: { origin, ...headers },
    data: { username, password, transport: 'cookie' },
  });
  if (!response.ok()) throw new Error(`login of ${username} failed with ${response.status()}`);
}
