import { describe, expect } from 'vitest';
import { logInBound, sendBoundLogin } from '../support/bound-session.ts';
import { DpopClient } from '../support/dpop.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { problemOf } from '../support/gateway.ts';

const test = gatewayTest();
const testRequired = gatewayTest(
  { DPOP_NONCES: 'required', DPOP_NONCE_LIFETIME_SECONDS: '60' },
  { clockStopped: true },
);
const testOff = gatewayTest({ DPOP_NONCES: 'off' });

const HOUR_MS = 3_600_000;
const NONCE_REQUIRED = { status: 401, code: 'dpop_nonce_required' };
const client = new DpopClient();

const nonceOf = ({ headers }: Response): string => headers.get('dpop-nonce') ?? '';

describe('by default', () => {
  test('a client whose clock is right is not told a nonce', async ({ gateway }) => {
    const response = await sendBoundLogin(gateway, client);
    expect(response.status).toBe(200);
    expect(response.headers.has('dpop-nonce')).toBe(false);
  });

  test.for([-HOUR_MS, HOUR_MS])(
    'a client whose clock is wrong by %d ms logs in with the nonce that it is told',
    async (byMs, { gateway }) => {
      const nowMs = Date.now() + byMs;
      const refused = await sendBoundLogin(gateway, client, 'bob', { nowMs });
      expect(refused.headers.get('www-authenticate')).toContain('error="use_dpop_nonce"');
      const nonce = nonceOf(refused);
      expect(await problemOf(refused)).toEqual(NONCE_REQUIRED);
      expect((await sendBoundLogin(gateway, client, 'bob', { nowMs, nonce })).status).toBe(200);
    },
  );

  test('a proof with a nonce is accepted once, long after its time', async ({ gateway }) => {
    const bound = await logInBound(gateway);
    const changes = { nowMs: Date.now() - HOUR_MS };
    const nonce = nonceOf(await bound.request('/auth/session', changes));
    const headers = { dpop: bound.proof('GET', '/auth/session', { ...changes, nonce }) };
    expect((await bound.request('/auth/session', { headers })).status).toBe(200);
    const replay = await bound.request('/auth/session', { headers });
    expect(await problemOf(replay)).toEqual({ status: 401, code: 'dpop_proof_replayed' });
  });
});

describe('with DPOP_NONCES=required', () => {
  const logInWithNonce = async (gateway: Parameters<typeof sendBoundLogin>[0]): Promise<string> => {
    const nonce = nonceOf(await sendBoundLogin(gateway, client));
    expect((await sendBoundLogin(gateway, client, 'bob', { nonce })).status).toBe(200);
    return nonce;
  };

  testRequired('a login without a nonce is refused and told one', async ({ gateway }) => {
    expect(await problemOf(await sendBoundLogin(gateway, client))).toEqual(NONCE_REQUIRED);
  });

  testRequired(
    'a nonce is used for several proofs, and its successor is told before it is refused',
    async ({ gateway }) => {
      const nonce = await logInWithNonce(gateway);
      gateway.advanceClock(60_000);
      const later = await sendBoundLogin(gateway, client, 'bob', { nonce });
      expect(later.status).toBe(200);
      expect(nonceOf(later)).not.toBe(nonce);
      gateway.advanceClock(60_000);
      expect(await problemOf(await sendBoundLogin(gateway, client, 'bob', { nonce }))).toEqual(
        NONCE_REQUIRED,
      );
    },
  );

  testRequired('the response to the newest nonce names none', async ({ gateway }) => {
    const nonce = nonceOf(await sendBoundLogin(gateway, client));
    const response = await sendBoundLogin(gateway, client, 'bob', { nonce });
    expect(response.status).toBe(200);
    expect(response.headers.has('dpop-nonce')).toBe(false);
  });

  testRequired(
    'a proxied response names the newest nonce beside the headers of the upstream',
    async ({ gateway }) => {
      const old = nonceOf(await sendBoundLogin(gateway, client));
      const login = await sendBoundLogin(gateway, client, 'bob', { nonce: old });
      const { access_token } = (await login.json()) as { access_token: string };
      gateway.advanceClock(60_000);
      const dpop = client.proof('GET', `${gateway.settings.issuer}/bank/accounts`, access_token, {
        nonce: old,
      });
      const headers = { authorization: `DPoP ${access_token}`, dpop };
      const response = await fetch(`${gateway.url}/bank/accounts`, { headers });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(nonceOf(response)).toMatch(/^[\w-]{22}$/);
    },
  );
});

describe('with DPOP_NONCES=off', () => {
  testOff('a client whose clock is wrong is refused and told no nonce', async ({ gateway }) => {
    const response = await sendBoundLogin(gateway, client, 'bob', { nowMs: Date.now() - HOUR_MS });
    expect(response.headers.has('dpop-nonce')).toBe(false);
    expect(await problemOf(response)).toEqual({ status: 401, code: 'dpop_proof_invalid' });
  });
});
