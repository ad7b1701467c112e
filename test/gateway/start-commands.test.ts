import { expect } from 'vitest';
import { filledId, fillSessions, fillUsers } from '../../src/dev/fill.ts';
import type { RedisClient } from '../../src/redis/connection.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { startAnotherGateway } from '../support/sessions.ts';

const test = gatewayTest();

/** Writes this many users, each with a session. */
async function fill(client: RedisClient, count: number): Promise<void> {
  const users = Array.from({ length: count }, (_, n) => ({
    id: filledId(`user ${n}`),
    username: `user-${n}`,
    passwordHash: '',
  }));
  await fillUsers(client, users);
  const nowMs = Date.now();
  const exp = Math.floor(nowMs / 1000) + 300;
  const session = { nowMs, exp, endsAt: exp, idleMs: 300_000, device: 'a test', address: '192.0.2.1' };
  await fillSessions(
    client,
    users.map(({ id }, n) => ({ ...session, sub: id, sid: filledId(`sid ${n}`), jti: filledId(`jti ${n}`) })),
  );
}

test('a gateway starts with the same Redis commands, however many users and sessions there are', async ({
  gateway,
}) => {
  const start = () =>
    gateway.redis.commandsDuring(async () => {
      const another = await startAnotherGateway(gateway);
      expect((await fetch(`${another.healthUrl}/readyz`)).status).toBe(200);
      await another.close();
    });
  await gateway.link.run((client) => fill(client, 10));
  await start();
  const few = (await start()).sort();
  await gateway.link.run((client) => fill(client, 1000));
  expect((await start()).sort()).toEqual(few);
});
