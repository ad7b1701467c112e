import { describe, expect } from 'vitest';
import { createLog } from '../../src/log.ts';
import { type RedisClient, RedisLink } from '../../src/redis/connection.ts';
import { sessionKey, sessionsKey } from '../../src/redis/keys.ts';
import { RevocationJournal } from '../../src/users/revocations/journal.ts';
import { identityOf, replayJournal } from '../../src/users/revocations/replay.ts';
import { Revocations } from '../../src/users/revocations/revocations.ts';
import { redisTest as test } from '../support/fixtures.ts';
import { until } from '../support/until.ts';

const log = createLog('gateway', 'silent');
const SETTINGS = {
  accessTokenTtlSeconds: 300,
  revocationJournalMax: 2000,
  revocationReplicas: 0,
  revocationAof: 'off',
  revocationTimeoutMs: 500,
} as const;

const userOf = (n: number): string => `user-${n}`.padEnd(22, '-');

/** A journal with the end of one session of each of so many users. */
function journalOf(users: number): RevocationJournal {
  const journal = new RevocationJournal({ keptMs: 60_000, max: users, log });
  for (let n = 0; n < users; n += 1) journal.add(JSON.stringify({ user: userOf(n), sessions: ['sid'] }));
  return journal;
}

describe('replaying the journal', () => {
  test('what was applied before a failure is not sent again', async ({ link }) => {
    const journal = journalOf(1200);
    let calls = 0;
    const countCall = (): number => {
      calls += 1;
      return calls;
    };
    const failing = (client: RedisClient) =>
      new Proxy(client, {
        get: (target, name) => {
          if (name === 'evalSha' && countCall() > 600) throw new Error('the connection was closed');
          const value = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const replay = (wrap: (client: RedisClient) => RedisClient) =>
      link.run((client) => replayJournal(wrap(client), journal, 'server'));
    await expect(replay(failing)).rejects.toThrow();
    const rest = await replay((client) => client);
    expect(rest).toBeGreaterThan(0);
    expect(rest).toBeLessThanOrEqual(700);
    expect(await replay((client) => client)).toBe(0);
  });

  test('a server that restarted is another server, and the same one over another connection is not', async ({
    redis,
  }) => {
    const open = async (): Promise<string> => {
      const link = new RedisLink({ url: redis.url, deadlineMs: 900, log });
      await link.whenReady(30_000);
      const identity = await link.run(identityOf);
      link.close();
      return identity;
    };
    const identity = await open();
    expect(await open()).toBe(identity);
    await redis.restart();
    expect(await open()).not.toBe(identity);
  });

  test('a revocation whose reply came from a server that has been replaced is applied to the present one', async ({
    link,
  }) => {
    await link.whenReady(30_000);
    const revocations = new Revocations({ settings: SETTINGS, log });
    const active = sessionKey(userOf(1), 'late');
    await link.run((client) => client.set(active, '1'));
    const message = JSON.stringify({ user: userOf(1), sessions: ['late'] });
    await link.run((client) => revocations.admit(client));
    const former = link.run(async (client) => client.duplicate() as RedisClient);
    await revocations.add({ message, client: await former, isWaitedFor: false });
    expect(await link.run((client) => client.exists(active))).toBe(0);
    revocations.close();
  });

  test('a connection whose replay fails is not used', async ({ redis, link }) => {
    await link.whenReady(30_000);
    const revocations = new Revocations({ settings: SETTINGS, log });
    const other = new RedisLink({ url: redis.url, deadlineMs: 900, log, admit: revocations.admit });
    await other.whenReady(30_000);
    const message = JSON.stringify({ user: userOf(1), sessions: ['sid'] });
    await other.run((client) => revocations.add({ message, client, isWaitedFor: true }));
    expect(revocations).toMatchObject({ made: 1, journalSize: 1, replayed: 0, pendingConfirmations: 0 });

    await redis.restart();
    await link.whenReady(30_000);
    await until(() => other.ready);
    expect(revocations.replayed).toBe(1);

    // Otherwise this connection can be the one that replays the journal to the server when it is back.
    other.close();
    await redis.restart();
    await link.whenReady(30_000);
    await expect(link.run((client) => client.get('any'))).resolves.toBeNull();
    // The script refuses a key of another type before it changes anything.
    await link.run((client) => client.hSet(sessionsKey(userOf(1)), 'not', 'a string'));
    await link.run((client) => client.set(sessionKey(userOf(1), 'sid'), '1'));
    const failures: unknown[] = [];
    const onFailure = (fault: unknown): void => void failures.push(fault);
    const refused = new RedisLink({
      ...{ url: redis.url, deadlineMs: 900, log, onFailure },
      admit: revocations.admit,
    });
    await until(() => failures.length > 1);
    expect(refused.ready).toBe(false);
    await expect(refused.whenReady(0)).rejects.toMatchObject({ code: 'redis_unavailable' });
    await link.run((client) => client.del(sessionsKey(userOf(1))));
    await refused.whenReady(30_000);
    expect(await refused.run((client) => client.exists(sessionKey(userOf(1), 'sid')))).toBe(0);
    refused.close();
    revocations.close();
  });
});
