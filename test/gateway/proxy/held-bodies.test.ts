import { describe, expect } from 'vitest';
import { gatewayTest, logInAs } from '../../support/fixtures.ts';
import { problemOf, type TestGateway } from '../../support/gateway.ts';
import { startGatewayBeside } from '../../support/gateway-beside.ts';
import { RawConnection, rawProblemOf, rawRequest } from '../../support/raw-http.ts';
import { expectRefusal } from '../../support/refusal.ts';
import { until } from '../../support/until.ts';
import { echo, TRANSFERS } from './echo-test.ts';

/** Each chunked body reserves 64 KiB until it is complete: two of a user fit, and three of all users. */
const PER_USER = 2;
const OF_ALL = 3;
const KIB_64 = 65_536;

const test = gatewayTest({
  HELD_BODIES_PER_USER_MAX_BYTES: `${PER_USER * KIB_64}`,
  HELD_BODIES_MAX_BYTES: `${OF_ALL * KIB_64}`,
})
  .extend('alice', { scope: 'file' }, ({ gateway }) => logInAs(gateway, 'alice'))
  /** Sends a request that is not counted as activity, so that it causes no other command to Redis. */
  .extend(
    'begin',
    ({ gateway, token }) =>
      (framing: string, body: string, { as = token, url = gateway.url } = {}): RawConnection =>
        new RawConnection(url).send(
          `${rawRequest(`POST ${TRANSFERS}`, `Authorization: Bearer ${as}`, 'X-Background: 1', framing)}${body}`,
        ),
  );

/** How often the gateway has looked a token up. */
async function lookups({ link }: Pick<TestGateway, 'link'>): Promise<number> {
  const stats = await link.run((client) => client.info('commandstats'));
  return Number(/^cmdstat_mget:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
}

test.beforeEach(({ upstream }) => upstream.respondWith(echo));

describe('a request with a short body', () => {
  test('that arrives with its head takes one lookup of its token', async ({ gateway, begin }) => {
    await begin('Content-Length: 5', '12345').response();
    const before = await lookups(gateway);
    const connection = begin('Content-Length: 5', '12345');
    expect((await connection.response()).body.toString()).toBe('12345');
    expect((await lookups(gateway)) - before).toBe(1);
    connection.destroy();
  });

  test('that arrives after its head has been checked is checked again, and not sent before', async ({
    gateway,
    upstream,
    begin,
  }) => {
    const [commands, requests] = [await lookups(gateway), upstream.count];
    const connection = begin('Content-Length: 5', '1234');
    await until(async () => (await lookups(gateway)) - commands === 1);
    expect(upstream.count).toBe(requests);
    connection.send('5');
    expect((await connection.response()).body.toString()).toBe('12345');
    expect((await lookups(gateway)) - commands).toBe(2);
    connection.destroy();
  });

  test('is a 503 and is not sent if Redis is unavailable when it is complete', async ({
    gateway,
    upstream,
    begin,
  }) => {
    const [before, requests] = [await lookups(gateway), upstream.count];
    const connection = begin('Content-Length: 5', '1234');
    await until(async () => (await lookups(gateway)) - before === 1);
    gateway.redis.freeze();
    try {
      const response = await connection.send('5').response();
      expect(rawProblemOf(response)).toEqual({ status: 503, code: 'service_unavailable' });
      expect(response.headers['retry-after']).toEqual(['1']);
      expect(upstream.count).toBe(requests);
    } finally {
      gateway.redis.thaw();
      await until(async () => (await fetch(`${gateway.url}/readyz`)).ok);
    }
    connection.destroy();
  });

  test('is a 408 that closes the connection if it is not complete in time, and is not sent', async ({
    gateway,
    upstream,
    begin,
  }) => {
    const hasty = await startGatewayBeside(gateway, { BANK_URL: upstream.url, HELD_BODY_TIMEOUT_MS: '200' });
    const requests = upstream.count;
    const connection = begin('Content-Length: 5', '1234', { url: hasty.url });
    const response = await connection.response();
    expect(rawProblemOf(response)).toEqual({ status: 408, code: 'request_timeout' });
    expect(response.headers.connection).toEqual(['close']);
    await connection.untilClosed();
    expect(upstream.count).toBe(requests);
    await hasty.close();
  });
});

test('held bodies have a bound for each user and one for all, and leaving clients give theirs back', async ({
  gateway,
  upstream,
  alice,
  begin,
}) => {
  const chunked = 'Transfer-Encoding: chunked';
  const first = await lookups(gateway);
  const held = [...Array.from({ length: PER_USER }, () => begin(chunked, '1\r\n{\r\n'))];
  await until(async () => (await lookups(gateway)) - first === PER_USER);

  const bobs = async () => rawProblemOf(await begin(chunked, '1\r\n{\r\n').response());
  const refused = { status: 429, code: 'too_many_requests', redisCommands: 1 };
  await expectRefusal({ gateway, upstream }, bobs, refused);

  const second = await lookups(gateway);
  held.push(begin(chunked, '1\r\n{\r\n', { as: alice.token }));
  await until(async () => (await lookups(gateway)) - second === 1);
  const alices = async () => rawProblemOf(await begin(chunked, '1\r\n{\r\n', { as: alice.token }).response());
  await expectRefusal({ gateway, upstream }, alices, { status: 503, code: 'uploads_busy', redisCommands: 1 });

  for (const connection of held) connection.destroy();
  await until(
    async () => (await alice.request(TRANSFERS, { method: 'POST', body: 'x'.repeat(KIB_64) })).status === 200,
  );
});

describe('a request that waited for an upstream connection', () => {
  test.for(['GET', 'POST'])(
    'is judged again: after a logout a %s is a 401 and is not sent',
    async (method, { gateway, upstream, alice }) => {
      const single = await startGatewayBeside(gateway, { BANK_URL: upstream.url, BANK_CONNECTIONS_MAX: '1' });
      const released = Promise.withResolvers<void>();
      upstream.respondWith(async (_incoming, outgoing) => {
        await released.promise;
        outgoing.end('{}');
      });
      const before = upstream.count;
      const headers = { authorization: `Bearer ${alice.token}` };
      const first = fetch(`${single.url}/bank/accounts`, { headers });
      await until(() => upstream.count === before + 1);

      const leaving = await logInAs(gateway, 'bob');
      const lookedUp = await lookups(gateway);
      const waiting = fetch(single.url + (method === 'GET' ? '/bank/accounts' : TRANSFERS), {
        method,
        body: method === 'GET' ? null : '{}',
        headers: { authorization: `Bearer ${leaving.token}`, 'x-background': '1' },
      });
      await until(async () => (await lookups(gateway)) > lookedUp);
      expect((await leaving.logOut()).status).toBe(204);
      released.resolve();
      expect(await problemOf(await waiting)).toEqual({ status: 401, code: 'token_revoked' });
      expect((await first).status).toBe(200);
      expect(upstream.count).toBe(before + 1);
      await single.close();
    },
  );
});
