import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunningBank, startBank } from '../bank/server.ts';
import { type Environment, misspeltSettings, SettingsRefused } from '../config/load.ts';
import { PolicyRefused } from '../gateway/pipeline/policy.ts';
import { type RunningGateway, startGateway } from '../gateway/server.ts';
import { openWebApp } from '../gateway/static/web-build.ts';
import { EXIT_STOPPED_AT_ONCE, type StopRequest, stopRequest } from '../http/stopping.ts';
import { InvalidKeyError } from '../keys/ring.ts';
import { createLog } from '../log.ts';
import { publishedDescription } from '../openapi/publish.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { type DevPlan, DevRefused, planDev } from './plan.ts';
import type { DevRedis } from './redis/docker-server.ts';
import { RedisDidNotStart } from './redis/server-process.ts';
import { RedisNotFound, startDevRedis } from './redis/start.ts';
import { seedDemo } from './seed.ts';
import { welcome } from './tour.ts';

const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 50;

/** Redis has ended, or a server did not become ready. */
class DevFailed extends Error {
  readonly code = 'dev_failed';
  override readonly name = 'DevFailed';
}

/** Faults with a message for the user; they are no bugs, so no stack is printed. */
const USER_FAULTS = [
  DevFailed,
  DevRefused,
  InvalidKeyError,
  PolicyRefused,
  RedisDidNotStart,
  RedisNotFound,
  RedisUnavailable,
  SettingsRefused,
];

/**
 * `portcullis dev`: runs Redis, the bank and the gateway with demo users until Ctrl-C, which stops the gateway, the
 * bank and Redis in this order. A second Ctrl-C exits with 130 without waiting for requests in progress; a Redis that
 * was started here still writes its data before it ends.
 *
 * @returns the exit code: 0 when it was stopped, 1 when something could not start or Redis has ended
 */
export async function runDev(env: Environment): Promise<number> {
  const stop = stopRequest(['SIGINT', 'SIGTERM', 'SIGHUP']);
  void stop.second.then(() => process.exit(EXIT_STOPPED_AT_ONCE));
  // The terminal may be closed before everything has stopped.
  process.stdout.on('error', () => {});
  try {
    return await runUntilStopped(env, stop);
  } catch (fault) {
    if (!USER_FAULTS.some((kind) => fault instanceof kind)) throw fault;
    const about = fault instanceof RedisUnavailable ? 'REDIS_URL: ' : '';
    process.stderr.write(`portcullis: ${about}${(fault as Error).message}\n`);
    return 1;
  }
}

async function runUntilStopped(env: Environment, stop: StopRequest): Promise<number> {
  const plan = await planDev(env);
  for (const { name, meant } of misspeltSettings(env)) say(`${name} is not a setting; ${meant} is.`);
  await mkdir(plan.dataDirectory, { recursive: true, mode: 0o700 });
  await using stack = new AsyncDisposableStack();
  const redis = stack.adopt(
    await startDevRedis(env, { directory: plan.redisDirectory, onWait: say }),
    (started) => started.stop(),
  );
  await seedDemo(redis.url, plan);
  stack.adopt(await startDevBank(plan, redis), (started) => started.close());
  stack.adopt(await startDevGateway(plan, redis), (started) => started.close());
  const ended = redisEnded(redis);
  const isReady = await Promise.race([untilReady(plan), stop.first.then(() => false), ended]);
  if (isReady) {
    say(welcome(plan, places(plan, redis)));
    await Promise.race([stop.first, ended]);
  }
  say('Stopping the gateway, the bank and Redis …');
  await stack.disposeAsync();
  say('Stopped.');
  return 0;
}

const logFile = (plan: DevPlan, name: 'gateway' | 'bank'): string => join(plan.dataDirectory, `${name}.log`);

function startDevBank(plan: DevPlan, { url: redisUrl }: DevRedis): Promise<RunningBank> {
  const log = createLog('bank', plan.bank.logLevel, logFile(plan, 'bank'));
  return startBank({ settings: { ...plan.bank, redisUrl }, log });
}

async function startDevGateway(plan: DevPlan, { url: redisUrl }: DevRedis): Promise<RunningGateway> {
  const settings = { ...plan.gateway, redisUrl };
  const log = createLog('gateway', settings.logLevel, logFile(plan, 'gateway'));
  const [api, web] = await Promise.all([publishedDescription(settings), openWebApp(settings, log)]);
  return startGateway({ settings, api, web, log });
}

/** Waits until both servers respond to `/readyz` with 200. @throws {DevFailed} after 30 seconds */
async function untilReady({ bankUrl, gatewayUrl }: DevPlan): Promise<true> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  for (const url of [bankUrl, gatewayUrl]) {
    while ((await fetch(`${url}/readyz`)).status !== 200) {
      if (performance.now() > deadlineMs)
        throw new DevFailed(`${url} is not ready after ${READY_TIMEOUT_MS / 1000} seconds`);
      await delay(READY_POLL_MS);
    }
  }
  return true;
}

const redisEnded = async (redis: DevRedis): Promise<never> => {
  throw new DevFailed(`Redis has ended unexpectedly (${await redis.ended})`);
};

function places(plan: DevPlan, redis: DevRedis): [string, string][] {
  const redisUrl = redis.url.startsWith('unix:') ? `REDIS_URL=${redis.url}` : '';
  const log = (name: 'gateway' | 'bank'): string => `log ${relative('.', logFile(plan, name))}`;
  return [
    ['gateway', `${plan.gatewayUrl}  ${log('gateway')}`],
    ['bank', `${plan.bankUrl}  ${log('bank')}`],
    ['redis', `${redis.source}  ${redisUrl}`.trimEnd()],
  ];
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
