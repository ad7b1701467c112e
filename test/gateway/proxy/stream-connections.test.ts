import { expect } from 'vitest';
import { type EventReader, readEvents } from '../../bank/event-reader.ts';
import { gatewayTest, logInAs } from '../../support/fixtures.ts';
import { bearer } from '../../support/gateway.ts';
import type { Problem } from '../../support/refusal.ts';
import { until } from '../../support/until.ts';

const PER_USER = 4;
const OF_ALL = 6;
const STREAM = '/bank/accounts/1/stream';

const test = gatewayTest({
  BANK_CONNECTIONS_MAX: '1',
  BANK_STREAMS_PER_USER_MAX: `${PER_USER}`,
  BANK_STREAMS_MAX: `${OF_ALL}`,
})
  .extend(
    'open',
    ({ gateway, onTestFinished }) =>
      async (token: string, path = STREAM): Promise<EventReader> => {
        const reader = await readEvents(gateway.url + path, {
          ...bearer(token),
          accept: 'text/event-stream',
        });
        onTestFinished(() => reader.abort());
        return reader;
      },
  )
  .extend('problem', ({ open }) => async (token: string): Promise<Problem & { retryAfter: unknown }> => {
    const { response } = await open(token);
    const { statusCode: status = 0, headers } = response;
    const { code } = JSON.parse((await response.toArray()).join('')) as { code: unknown };
    return { status, code, retryAfter: headers['retry-after'] };
  });

test.beforeEach(({ upstream }) => {
  upstream.respondWith(({ headers }, outgoing) => {
    if (headers.accept !== 'text/event-stream') return void outgoing.end('{}');
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 1000\n\n');
  });
});

test('while as many streams are open as there may be, requests are served over connections of their own', async ({
  gateway,
  upstream,
  open,
  problem,
}) => {
  const [bob, alice, sam] = await Promise.all(['bob', 'alice', 'sam'].map((name) => logInAs(gateway, name)));
  if (bob === undefined || alice === undefined || sam === undefined) throw new Error('not logged in');
  const bobs = await Promise.all(Array.from({ length: PER_USER }, () => open(bob.token)));
  for (let i = PER_USER; i < OF_ALL; i += 1) await open(alice.token, '/bank/accounts');
  for (const { request } of [bob, alice, sam, sam, sam])
    expect((await request('/bank/accounts')).status).toBe(200);

  const before = upstream.count;
  const retryAfter = '5';
  expect(await problem(bob.token)).toEqual({ status: 429, code: 'too_many_streams', retryAfter });
  expect(await problem(alice.token)).toEqual({ status: 503, code: 'streams_busy', retryAfter });
  expect(upstream.count).toBe(before);

  bobs[0]?.abort();
  await until(async () => (await open(sam.token)).response.statusCode === 200);
});
