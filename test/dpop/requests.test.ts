import { describe, expect } from 'vitest';
import { HELD_KINDS, HeldRequest } from '../gateway/held-requests.ts';
import { assertionTest } from '../gateway/proxy/assertion-test.ts';
import { type BoundSession, logInBound } from '../support/bound-session.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { until } from '../support/until.ts';

const test = gatewayTest().extend('bound', ({ gateway }) => logInBound(gateway));

const PATH = '/bank/accounts/a/transfers';

/** The headers of a bound session for `HeldRequest`. */
const authorized = (bound: BoundSession) => ({
  authorization: `DPoP ${bound.tokens.access_token}`,
  headers: [`DPoP: ${bound.proof('POST', PATH)}`],
});

describe('a request that is judged again when it is complete uses its proof once:', () => {
  test.for(HELD_KINDS.map((kind) => [kind.name, kind] as const))(
    '%s',
    async ([, kind], { gateway, upstream, bound }) => {
      upstream.respondWith(
        (incoming, outgoing) => void incoming.resume().on('end', () => outgoing.end('{}')),
      );
      const { authorization, headers } = authorized(bound);
      const held = { ...kind, headers: [...headers, ...kind.headers] };
      const request = new HeldRequest(gateway.url, PATH, authorization, held);
      await request.begun();
      expect(await request.complete()).toMatchObject({ status: 200 });
    },
  );

  test.for(HELD_KINDS.map((kind) => [kind.name, kind] as const))(
    '%s is refused after the end of the session',
    async ([, kind], { gateway, bound }) => {
      const { authorization, headers } = authorized(bound);
      const held = { ...kind, headers: [...headers, ...kind.headers] };
      const request = new HeldRequest(gateway.url, PATH, authorization, held);
      await request.begun();
      expect((await bound.request('/auth/logout', { method: 'POST' })).status).toBe(204);
      const outcome = await request.complete();
      expect(outcome === 'closed' || outcome.status === 401).toBe(true);
    },
  );
});

test('an event stream that was opened with a proof stays open, and ends with the session', async ({
  gateway,
  bound,
}) => {
  const stream = await bound.request('/auth/session/events');
  expect(stream.status).toBe(200);
  const received: string[] = [];
  const reading = (async () => {
    for await (const chunk of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) received.push(chunk);
  })();
  await until(() => received.length > 0);
  const elsewhere = await logInBound(gateway, 'bob', bound.client);
  const path = `/auth/sessions/${bound.tokens.session_id}`;
  expect((await elsewhere.request(path, { method: 'DELETE' })).status).toBe(204);
  await reading;
  expect(received.join('')).toContain('"reason":"session_ended"');
});

assertionTest(
  'the assertion says that the request was bound to a key',
  async ({ gateway, verified, upstream }) => {
    const bound = await logInBound(gateway);
    let assertion = '';
    upstream.respondWith(({ headers }, outgoing) => {
      assertion = `${headers.authorization}`.replace('Bearer ', '');
      expect(headers.dpop).toBeUndefined();
      outgoing.end('{}');
    });
    expect((await bound.request('/bank/accounts')).status).toBe(200);
    expect(await verified(assertion)).toMatchObject({ sub: bound.claims.sub, sender_constrained: 'dpop' });
  },
);
