import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signAccessToken } from '../../src/jwt/access-token.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { actions, expectUnavailable } from '../support/outage.ts';
import { type FakeRedis, startFakeRedis } from '../support/redis-relay.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let fake: FakeRedis;
let upstream: Upstream;
let gateway: TestGateway;
let token = '';
beforeAll(async () => {
  fake = await startFakeRedis();
  upstream = await startUpstream();
  gateway = await startTestGateway({
    REDIS_URL: fake.url,
    REDIS_DEADLINE_MS: '40',
    BANK_URL: upstream.url,
  });
  token = await signedToken();
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await fake.close();
});

/** A token that the gateway would sign itself, so that only Redis can be the reason for a refusal. */
function signedToken(): Promise<string> {
  const { issuer, audience } = gateway.settings;
  const iat = Math.floor(Date.now() / 1000);
  const [sid, jti] = [0, 1].map(() => randomBytes(16).toString('base64url')) as [string, string];
  const who = { sub: gateway.users[0]?.id ?? '', client_id: 'portcullis-web', sid, jti, auth_time: iat };
  return signAccessToken(gateway.ring, { iss: issuer, aud: audience, ...who, iat, exp: iat + 300 });
}

/** Waits until the gateway is connected, and replies to its next command with these bytes. */
async function replyNextWith(bytes: string): Promise<void> {
  fake.respondWith('+PONG\r\n');
  await until(async () => (await fetch(`${gateway.url}/readyz`)).ok);
  fake.respondWith(bytes);
}

describe('nonsense replies from Redis are a 503: no request is granted and no user has to log in again', () => {
  test.each([
    ['a word in the place of values', '+OK\r\n'],
    ['an empty word', '+\r\n'],
    ['a number', ':1\r\n'],
    ['a text', '$2\r\nOK\r\n'],
    ['nothing', '$-1\r\n'],
    ['no list', '*-1\r\n'],
    ['an empty list', '*0\r\n'],
    ['a list that is too short', '*1\r\n$-1\r\n'],
    ['a list that is too long', '*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n'],
    ['a list of numbers', '*2\r\n:1\r\n:2\r\n'],
    ['a list of texts that nobody wrote', '*2\r\n$2\r\n{}\r\n$16\r\n{"role":"admin"}\r\n'],
    ['an error', '-ERR what?\r\n'],
    ['an error without a word', '-\r\n'],
    ['more replies than commands', '+OK\r\n+OK\r\n+OK\r\n'],
    ['half a reply', '*2\r\n$5\r\nab'],
    ['the beginning of a huge one', '$536870912\r\nab'],
    ['a length that is none', '$abc\r\n'],
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['noise', '\x00\x01\x02\xff'],
  ])('%s', async (_what, bytes) => {
    const before = upstream.count;
    for (const [what, act] of Object.entries(actions({ url: gateway.url, token, spareToken: token }))) {
      await replyNextWith(bytes);
      await expectUnavailable(what, act);
    }
    expect(upstream.count).toBe(before);
  });
});
