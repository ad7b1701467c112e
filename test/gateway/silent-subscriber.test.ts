import { pino } from 'pino';
import { expect } from 'vitest';
import { gatewayTest, logInAs } from '../support/fixtures.ts';
import { bearer } from '../support/gateway.ts';
import { startGatewayBeside } from '../support/gateway-beside.ts';
import { type RedisRelay, startRedisRelay } from '../support/redis-relay.ts';
import { until } from '../support/until.ts';

/** Half a second until the next ping, the deadline of its reply, and more on a busy machine. */
const NOTICED_WITHIN_MS = 4000;

const test = gatewayTest().extend(
  'relay',
  { scope: 'file' },
  async ({ gateway }, { onCleanup }): Promise<RedisRelay> => {
    const relay = await startRedisRelay(gateway.redis.tcpUrl ?? '');
    onCleanup(() => relay.close());
    return relay;
  },
);

test('a pub/sub connection that goes silent is replaced, and a stream of a session revoked meanwhile ends', async ({
  gateway,
  relay,
}) => {
  const lines: { event?: string }[] = [];
  const log = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const beside = await startGatewayBeside(gateway, { REDIS_URL: relay.url }, pino({ level: 'info' }, log));
  try {
    const user = await logInAs(gateway, 'bob');
    const stream = await fetch(`${beside.url}/auth/session/events`, { headers: bearer(user.token) });
    expect(stream.status).toBe(200);
    const ended = stream.text().catch(() => 'cut');
    const before = lines.filter(({ event }) => event === 'redis_connected').length;
    relay.silenceSubscribers();
    expect((await user.logOut()).status).toBe(204);
    await until(() => lines.some(({ event }) => event === 'redis_lost'), NOTICED_WITHIN_MS);
    await until(() => lines.filter(({ event }) => event === 'redis_connected').length > before);
    await ended;
    const next = await logInAs(gateway, 'bob');
    const another = await fetch(`${beside.url}/auth/session/events`, { headers: bearer(next.token) });
    expect((await next.logOut()).status).toBe(204);
    await another.text().catch(() => 'cut');
  } finally {
    await beside.close();
  }
});
