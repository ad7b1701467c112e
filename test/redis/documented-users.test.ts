import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { BANK_RIGHTS } from '../../src/bank/redis-rights.ts';
import '../../src/bank/server.ts';
import { runAccountOpen } from '../../src/cli/account.ts';
import { runAuditVerify } from '../../src/cli/audit.ts';
import { runClientAdd, runClientList } from '../../src/cli/client.ts';
import { runUserEmail } from '../../src/cli/user-email.ts';
import { GATEWAY_RIGHTS } from '../../src/gateway/resources/redis-rights.ts';
import '../../src/gateway/server.ts';
import { commandsOf, type RedisRights } from '../../src/redis/server/rights.ts';
import { startTopologyStack, type TopologyStack } from '../support/topology-stack.ts';
import { MAIN_FLOWS } from '../topologies/main-flows.ts';
import { watchedTest } from './server/watched.ts';

const ROOT = join(import.meta.dirname, '../..');
const operations = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
const [, block = ''] = /<!-- redis-users -->\n```\n([\s\S]*?)```/.exec(operations) ?? [];

/** The rules of each user of the document, with the password `password`. */
const users = new Map(
  block.split('\n').flatMap((line) => {
    const [word, name = '', ...rules] = line.split(' ');
    return word === 'user'
      ? [[name, rules.map((rule) => (rule.startsWith('>') ? '>password' : rule))] as const]
      : [];
  }),
);

const test = watchedTest
  .extend('urlOf', { scope: 'file' }, async ({ redis, admin }): Promise<(name: string) => string> => {
    for (const [name, rules] of users)
      await admin.run((client) => client.aclSetUser(name, ['reset', ...rules]));
    return (name) => `redis://${name}:password@${new URL(redis.tcpUrl ?? '').host}`;
  })
  .extend('stack', { scope: 'file' }, async ({ redis, urlOf }, { onCleanup }): Promise<TopologyStack> => {
    const stack = await startTopologyStack({
      redis: { REDIS_URL: urlOf('gateway') },
      redisOfBank: { REDIS_URL: urlOf('bank') },
      redisOfSeed: { REDIS_URL: redis.url },
    });
    onCleanup(() => stack.close());
    return stack;
  });

describe.for<[string, RedisRights]>([
  ['gateway', GATEWAY_RIGHTS],
  ['bank', BANK_RIGHTS],
])('the documented Redis user of the %s', ([name, rights]) => {
  test('may do what is needed, and the process is ready', async ({ urlOf, watch }) => {
    const watched = watch({ rights }, urlOf(name));
    await watched.store.whenReady(30_000);
    expect(watched.codes()).toEqual([]);
  });

  test('may run no other command, but for the checks', () => {
    const granted = users.get(name)?.filter((rule) => rule.startsWith('+'));
    const needed = commandsOf(rights).map((command) => `+${command.toLowerCase().replace(' ', '|')}`);
    expect(granted?.toSorted()).toEqual([...new Set([...needed, '+info', '+wait', '+config|get'])].sort());
  });

  test('may reach no key that the process does not check for', () => {
    const patterns = users.get(name)?.flatMap((rule) => (rule.startsWith('~') ? [rule.slice(1)] : [])) ?? [];
    expect(patterns.length).toBeGreaterThan(0);
    expect(patterns.filter((pattern) => !rights.keys.some((key) => isMatch(pattern, key)))).toEqual([]);
  });
});

test.for(Object.entries(MAIN_FLOWS))('with the documented Redis users: %s', ([, flow], { stack }) =>
  flow(stack),
);

test('with the documented Redis user of operators, commands work', async ({ stack, urlOf }) => {
  const env = { ...stack.environment, REDIS_URL: urlOf('operator'), DATA_DIR: stack.environment.DATA_DIR };
  expect(await runAccountOpen(env, { username: 'bob', name: 'Savings', balanceMinor: '100' })).toBe(0);
  expect(await runUserEmail(env, { username: 'bob', email: 'bob@example.com' })).toBe(0);
  expect(await runClientAdd(env, { name: 'service', uses: ['revoke'] })).toBe(0);
  expect(await runClientList(env)).toBe(0);
  expect(await runAuditVerify(env)).toBe(0);
});

test('each command that the source sends outside scripts is among the rights', () => {
  const sent = globSync('src/{bank,gateway,sessions,users,audit,keys,clients,redis}/**/*.ts', { cwd: ROOT })
    .filter((file) => !/^src\/redis\/(?:server|cluster|sentinel)\//.test(file))
    .flatMap((file) => [...readFileSync(join(ROOT, file), 'utf8').matchAll(/\bclient\.([a-z]\w*)\(/g)])
    .map(([, method = '']) => method.replace(/WithScores$/, '').toUpperCase());
  const names = new Set(sent.filter((method) => !CONNECTION_METHODS.has(method)));
  const known = new Set(
    [...commandsOf(GATEWAY_RIGHTS), ...commandsOf(BANK_RIGHTS)].map((name) => name.replace('_', '')),
  );
  expect(names.size).toBeGreaterThan(15);
  expect([...names].filter((name) => !known.has(name))).toEqual([]);
});

/** The patterns of the document have a `*` only at their end. */
const isMatch = (pattern: string, key: string): boolean =>
  pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern;

/** Methods of a client that send no command of their own. */
const CONNECTION_METHODS = new Set(['CONNECT', 'DESTROY', 'ON', 'DISPATCH', 'SENDCOMMAND']);
