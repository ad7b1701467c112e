import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test as base, expect } from 'vitest';
import type { RedisClient, RedisLink } from '../../src/redis/connection.ts';
import { definedScripts } from '../../src/redis/scripts.ts';
import { testLink } from '../bank/postings.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { ALL_RIGHTS, linkOfUser, setRedisUser } from '../support/redis-users.ts';
import { AUDIT_CASES } from './script-cases/audit.ts';
import { BANK_CASES } from './script-cases/bank.ts';
import { RATE_LIMIT_CASES } from './script-cases/rate-limits.ts';
import { REVOCATION_CASES } from './script-cases/revocations.ts';
import { SESSION_CASES } from './script-cases/sessions.ts';
import { USER_CASES } from './script-cases/users.ts';
import { recordCall, type ScriptCase, trial } from './script-trial.ts';

const SOURCES = join(import.meta.dirname, '../../src');
const CASES: readonly ScriptCase[] = [
  ...AUDIT_CASES,
  ...BANK_CASES,
  ...RATE_LIMIT_CASES,
  ...REVOCATION_CASES,
  ...SESSION_CASES,
  ...USER_CASES,
];
const named = CASES.map((one) => ({ ...one, name: `${one.script}: ${one.when}` }));

/** How a trial may end. */
const ALL_OR_NOTHING = /^(?:done|failed|nothing to do)$/;

const test = base
  .extend('redis', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestRedis> => {
    const redis = await startTestRedis({ tcp: true });
    onCleanup(() => redis.stop());
    return redis;
  })
  .extend('admin', { scope: 'file' }, async ({ redis }, { onCleanup }): Promise<RedisLink> => {
    const admin = await testLink(redis);
    onCleanup(() => admin.close());
    await setRedisUser(admin, 'limited', ALL_RIGHTS);
    for (const { source } of definedScripts()) await admin.run((client) => client.scriptLoad(source));
    return admin;
  })
  .extend('limited', { scope: 'file' }, async ({ redis, admin }, { onCleanup }): Promise<RedisLink> => {
    const limited = await linkOfUser(redis, admin && 'limited');
    onCleanup(() => limited.close());
    return limited;
  });

test('every script of the project has a case', async () => {
  const files = (await readdir(SOURCES, { recursive: true })).filter((file) => file.endsWith('.ts'));
  for (const file of files) {
    const path = join(SOURCES, file);
    if (/= define(?:Script|Revocation)\(/.test(await readFile(path, 'utf8'))) await import(path);
  }
  // Tests that ran before in the same process may have defined some of their own.
  const scripts = definedScripts().flatMap(({ name }) => (name.startsWith('test-') ? [] : [name]));
  expect(scripts.length).toBeGreaterThan(10);
  expect([...new Set(CASES.map(({ script }) => script))].sort()).toEqual(scripts.sort());
});

test.for(named)('$name: a denied command leaves everything as it was', async (one, { admin, limited }) => {
  const call = await recordCall(admin, one);
  for (const command of call.script.commands) {
    const denied = `-${command.toLowerCase().replace(' ', '|')}`;
    await setRedisUser(admin, 'limited', [...ALL_RIGHTS, denied]);
    const outcome = await trial(admin, call, { link: limited });
    expect([denied, outcome]).toEqual([denied, command === 'PUBLISH' ? 'done' : 'failed']);
  }
  await setRedisUser(admin, 'limited', [...ALL_RIGHTS, 'resetchannels']);
  expect(await trial(admin, call, { link: limited })).toBe('done');
});

test.for(named)('$name: a key of a wrong type leaves everything as it was', async (one, { admin }) => {
  const call = await recordCall(admin, one);
  for (const altered of new Set([...call.keys, ...call.before.keys(), ...call.after.keys()])) {
    const prepare = () =>
      admin.run((client) => giveWrongType(client, altered, call.before.get(altered)?.text));
    const outcome = await trial(admin, call, { link: admin, prepare, altered });
    expect([altered, outcome]).toEqual([altered, expect.stringMatching(ALL_OR_NOTHING)]);
  }
});

test.for(named)(
  '$name: a full Redis leaves everything as it was, or nothing undone',
  async (one, { admin }) => {
    const call = await recordCall(admin, one);
    const maxMemory = (bytes: string) => () => admin.run((client) => client.configSet('maxmemory', bytes));
    const circumstances = { link: admin, prepare: maxMemory('1'), cleanUp: maxMemory('0') };
    expect(await trial(admin, call, circumstances)).toMatch(ALL_OR_NOTHING);
  },
);

/** A list, or a string where the script may expect a list. */
async function giveWrongType(client: RedisClient, key: string, text = ''): Promise<void> {
  await client.del(key);
  if (text.startsWith('list')) await client.set(key, 'wrong');
  else await client.rPush(key, 'wrong');
}
