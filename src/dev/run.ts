import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Environment, SettingsRefused } from '../config/load.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { type ChildServer, lastLines, startChild, untilReady } from './child-server.ts';
import { type DevPlan, DevRefused, planDev } from './plan.ts';
import { RedisDidNotStart } from './redis/local-server.ts';
import { type DevRedis, RedisNotFound, startDevRedis } from './redis/start.ts';
import { seedDemo } from './seed.ts';
import { type StopRequest, stopRequest } from './stop-request.ts';
import { welcome } from './tour.ts';

const READY_DEADLINE_MS = 30_000;
/** Beyond the grace that the settings give to requests: for letting go of Redis and ending. */
const STOP_EXTRA_MS = 3000;
const EXIT_STOPPED_AT_ONCE = 130;

/** A process that should go on has ended by itself. */
class EndedUnexpectedly extends Error {
  readonly code = 'ended_unexpectedly';
  override readonly name = 'EndedUnexpectedly';
}

/** What went wrong and is no bug of the program: told in plain words, without a stack. */
const PLAIN_FAULTS = [
  DevRefused,
  EndedUnexpectedly,
  RedisDidNotStart,
  RedisNotFound,
  RedisUnavailable,
  SettingsRefused,
];

/**
 * `portcullis dev`: Redis, demo users, the bank and the gateway, until Ctrl-C, which stops the gateway, the bank
 * and Redis in this order. A second Ctrl-C doesn't wait for requests under way: the gateway and the bank are killed
 * and this process exits with 130; a Redis started here still writes everything down before it ends.
 *
 * @returns the exit code: 0 when it was stopped, 1 when something could not start or has ended by itself.
 */
export async function runDev(env: Environment): Promise<number> {
  const stop = stopRequest();
  // The terminal may be gone before everything has been stopped.
  process.stdout.on('error', () => {});
  try {
    return await supervise(env, stop);
  } catch (fault) {
    if (!PLAIN_FAULTS.some((kind) => fault instanceof kind)) throw fault;
    const about = fault instanceof RedisUnavailable ? 'REDIS_URL: ' : '';
    process.stderr.write(`portcullis: ${about}${(fault as Error).message}\n`);
    return 1;
  }
}

async function supervise(env: Environment, stop: StopRequest): Promise<number> {
  const plan = await planDev(env);
  const children: ChildServer[] = [];
  void stop.second.then(() => {
    for (const child of children) child.kill();
    process.exit(EXIT_STOPPED_AT_ONCE);
  });
  await mkdir(plan.dataDirectory, { recursive: true, mode: 0o700 });
  await using stack = new AsyncDisposableStack();
  const redis = await startDevRedis(env, { directory: plan.redisDirectory, onWait: say });
  stack.defer(() => redis.stop());
  await seedDemo(redis.url, plan);
  for (const name of ['bank', 'gateway'] as const) {
    const child = await startChild(name, envFor(plan, redis), join(plan.dataDirectory, `${name}.log`));
    children.push(child);
    stack.defer(() => child.stop(plan.gateway.shutdownGraceMs + STOP_EXTRA_MS));
  }
  await runUntilStopped(plan, redis, children, stop);
  say('Stopping the gateway, the bank and Redis …');
  await stack.disposeAsync();
  say('Stopped.');
  return 0;
}

const envFor = ({ childEnv }: DevPlan, { url }: DevRedis): Environment => ({
  ...childEnv,
  REDIS_URL: url,
  REDIS_URL_FILE: undefined,
});

/** Says welcome when everything is ready. @throws {EndedUnexpectedly} when anything ends before it is asked to. */
async function runUntilStopped(
  plan: DevPlan,
  redis: DevRedis,
  children: readonly ChildServer[],
  stop: StopRequest,
): Promise<void> {
  const ended = Promise.race([redisEnded(redis), ...children.map(childEnded)]);
  const waiting = new AbortController();
  const ready = Promise.all([plan.bankUrl, plan.gatewayUrl].map((url) => untilReady(url, waiting.signal)));
  const late = delay(READY_DEADLINE_MS, undefined, { signal: waiting.signal }).then(notReady);
  const isReady = await Promise.race([
    ready.then(() => true),
    stop.first.then(() => false),
    ended,
    late,
  ]).finally(() => waiting.abort());
  if (!isReady) return;
  say(welcome(plan, places(plan, redis, children)));
  await Promise.race([stop.first, ended]);
}

const notReady = (): never => {
  throw new EndedUnexpectedly(`not everything is ready after ${READY_DEADLINE_MS / 1000} s`);
};

const redisEnded = async (redis: DevRedis): Promise<never> => {
  throw new EndedUnexpectedly(`Redis has ended by itself (${await redis.ended})`);
};

const childEnded = async (child: ChildServer): Promise<never> => {
  const how = await child.ended;
  throw new EndedUnexpectedly(
    `the ${child.name} has ended by itself (${how}). The end of its log:\n${await lastLines(child.logFile)}`,
  );
};

function places(plan: DevPlan, redis: DevRedis, children: readonly ChildServer[]): [string, string][] {
  const url = redis.url.startsWith('unix:') ? `REDIS_URL=${redis.url}` : '';
  const servers = children.map(({ name, pid, logFile }): [string, string] => {
    const address = name === 'gateway' ? plan.gatewayUrl : plan.bankUrl;
    return [name, `${address}  log ${relative('.', logFile)}  process ${pid}`];
  });
  return [...servers.reverse(), ['redis', `${redis.source}  ${url}`.trimEnd()]];
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
