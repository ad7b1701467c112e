import { decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { createLoginKey, type LoginKey } from '../../../src/web/dpop/login-key.ts';
import type { Presence } from '../../../src/web/dpop/presence.ts';
import { createProofFetch, type ProofFetch } from '../../../src/web/dpop/proof-fetch.ts';

interface Sent {
  /** Undefined if the request had no proof. */
  claims: JWTPayload | undefined;
  /** The public key's member `x`. */
  x: string | undefined;
}

const mine = await createLoginKey();
const other = await createLoginKey();
const presenceOf = (key: LoginKey, accessTokenHash: string): Presence => ({
  value: `${key.jkt}.${accessTokenHash}`,
  jkt: key.jkt,
  accessTokenHash,
});

let presence: Presence | undefined;
let sent: Sent[];
/** What the server answers to the requests in turn; after that, 200. */
let answers: (() => Response)[];
let proofFetch: ProofFetch;
beforeEach(() => {
  presence = presenceOf(mine, 'ath-1');
  sent = [];
  answers = [];
  proofFetch = createProofFetch({
    origin: () => 'https://bank.example',
    presence: () => presence,
    findKey: async (jkt) => [mine, other].find((key) => key.jkt === jkt),
    fetch: async (_path, { headers }) => {
      const proof = new Headers(headers).get('dpop');
      sent.push(
        proof === null
          ? { claims: undefined, x: undefined }
          : { claims: decodeJwt(proof), x: decodeProtectedHeader(proof).jwk?.x },
      );
      return answers.shift()?.() ?? new Response('{}');
    },
    nowMs: () => Date.now(),
  });
});

const refused = (code: string, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ code }), { status: 401, headers });
const nonceRequired = (nonce: string) => () => refused('dpop_nonce_required', { 'dpop-nonce': nonce });
const refusedAfter =
  (code: string, change: () => void): (() => Response) =>
  () => {
    change();
    return refused(code);
  };

test('a request of a bound session has a proof for the path without its query, and for the access token', async () => {
  await proofFetch.inSession('/bank/accounts?limit=3', { method: 'POST' });
  expect(sent[0]?.claims).toMatchObject({
    htm: 'POST',
    htu: 'https://bank.example/bank/accounts',
    ath: 'ath-1',
  });
  expect(sent[0]?.x).toBe(mine.publicJwk.x);
});

test('a refresh has a proof without a hash of the access token', async () => {
  await proofFetch.withRefreshToken('/auth/refresh', { method: 'POST' });
  expect(sent[0]?.claims).toMatchObject({ htu: 'https://bank.example/auth/refresh' });
  expect(sent[0]?.claims).not.toHaveProperty('ath');
});

test('a login has a proof with the new key, whatever login there is', async () => {
  await proofFetch.withKey(other)('/auth/login', { method: 'POST' });
  expect(sent[0]?.x).toBe(other.publicJwk.x);
  expect(sent[0]?.claims).not.toHaveProperty('ath');
});

test.each([
  ['of a session from before, which is not bound', { value: '1' }],
  ['without a session', undefined],
  ['whose key is not in this browser', { value: 'a.b', jkt: 'unknown', accessTokenHash: 'b' }],
])('a request %s has no proof', async (_what, current) => {
  presence = current;
  await proofFetch.inSession('/auth/session', {});
  expect(sent).toEqual([{ claims: undefined, x: undefined }]);
});

test('the other headers of a request are kept', async () => {
  const seen: Headers[] = [];
  const { inSession } = createProofFetch({
    origin: () => 'https://bank.example',
    presence: () => presence,
    findKey: async () => mine,
    fetch: async (_path, init) => {
      seen.push(new Headers(init.headers));
      return new Response();
    },
    nowMs: () => 0,
  });
  await inSession('/x', { headers: { 'x-background': '1' } });
  expect(seen[0]?.get('x-background')).toBe('1');
  expect(seen[0]?.has('dpop')).toBe(true);
});

describe('nonces', () => {
  test('a request that needs a nonce is repeated once with it, and with a new jti', async () => {
    answers = [nonceRequired('n1')];
    expect((await proofFetch.inSession('/x', {})).status).toBe(200);
    expect(sent.map(({ claims }) => claims?.nonce)).toEqual([undefined, 'n1']);
    expect(sent[0]?.claims?.jti).not.toBe(sent[1]?.claims?.jti);
  });

  test('a login is repeated with the nonce as well', async () => {
    answers = [nonceRequired('n1')];
    expect((await proofFetch.withKey(mine)('/auth/login', { method: 'POST' })).status).toBe(200);
    expect(sent.map(({ claims }) => claims?.nonce)).toEqual([undefined, 'n1']);
  });

  test('it is not repeated a second time', async () => {
    answers = [nonceRequired('n1'), nonceRequired('n2'), nonceRequired('n3')];
    const response = await proofFetch.inSession('/x', {});
    expect(await response.json()).toEqual({ code: 'dpop_nonce_required' });
    expect(sent).toHaveLength(2);
  });

  test('the nonce of any response replaces the one before', async () => {
    answers = [nonceRequired('n1'), () => new Response('{}', { headers: { 'dpop-nonce': 'n2' } })];
    await proofFetch.inSession('/x', {});
    await proofFetch.withRefreshToken('/y', {});
    expect(sent.map(({ claims }) => claims?.nonce)).toEqual([undefined, 'n1', 'n2']);
  });

  test('a refusal without a nonce is not repeated', async () => {
    answers = [() => refused('dpop_nonce_required')];
    expect((await proofFetch.inSession('/x', {})).status).toBe(401);
    expect(sent).toHaveLength(1);
  });
});

describe('several tabs', () => {
  const refreshElsewhere = (): void => {
    presence = presenceOf(mine, 'ath-2');
  };

  test.each(['dpop_proof_invalid', 'token_binding_wrong'])(
    'a request whose cookies another tab refreshed meanwhile is repeated once after %s',
    async (code) => {
      answers = [refusedAfter(code, refreshElsewhere)];
      expect((await proofFetch.inSession('/x', {})).status).toBe(200);
      expect(sent.map(({ claims }) => claims?.ath)).toEqual(['ath-1', 'ath-2']);
    },
  );

  test('it is not repeated if the cookies are the same', async () => {
    answers = [() => refused('token_binding_wrong')];
    const response = await proofFetch.inSession('/x', {});
    expect(await response.json()).toEqual({ code: 'token_binding_wrong' });
    expect(sent).toHaveLength(1);
  });

  test('it is not repeated with the key of another login, not even with a nonce', async () => {
    const logInElsewhere = (): void => {
      presence = presenceOf(other, 'ath-3');
    };
    for (const code of ['token_binding_wrong', 'dpop_nonce_required']) {
      presence = presenceOf(mine, 'ath-1');
      sent = [];
      answers = [refusedAfter(code, logInElsewhere)];
      expect((await proofFetch.inSession('/x', {})).status).toBe(401);
      expect(sent.map(({ x }) => x)).toEqual([mine.publicJwk.x]);
    }
  });

  test('a refresh elsewhere and a nonce are two causes to repeat a request', async () => {
    answers = [refusedAfter('dpop_proof_invalid', refreshElsewhere), nonceRequired('n1')];
    expect((await proofFetch.inSession('/x', {})).status).toBe(200);
    expect(sent.map(({ claims }) => [claims?.ath, claims?.nonce])).toEqual([
      ['ath-1', undefined],
      ['ath-2', undefined],
      ['ath-2', 'n1'],
    ]);
  });
});

test('a GET whose proof was used, because the browser repeated it, is repeated with another; a POST is not', async () => {
  answers = [() => refused('dpop_proof_replayed'), () => new Response('{}')];
  expect((await proofFetch.inSession('/x', { method: 'GET' })).status).toBe(200);
  answers = [() => refused('dpop_proof_replayed')];
  expect((await proofFetch.inSession('/x', { method: 'POST' })).status).toBe(401);
  expect(sent).toHaveLength(3);
});

test('the body of a refusal can still be read, and other refusals are not repeated', async () => {
  answers = [() => refused('token_expired'), () => new Response('no json', { status: 401 })];
  expect(await (await proofFetch.inSession('/x', {})).json()).toEqual({ code: 'token_expired' });
  expect(await (await proofFetch.inSession('/x', {})).text()).toBe('no json');
  expect(sent).toHaveLength(2);
});
