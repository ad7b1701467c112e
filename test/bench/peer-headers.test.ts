import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goPeer } from '../../bench/peers/go/server.ts';
import { nginxPeer } from '../../bench/peers/nginx/server.ts';
import { responseTo, statusOf } from '../../bench/peers/request-status.ts';
import { sessionToken } from '../../bench/peers/seven-tokens.ts';
import type { Setup } from '../../bench/setup/shared-setup.ts';
import { recordingUpstream, sharedSetup, startHere, whyNotHere } from './bench-setup.ts';

/** The first time, the Go program is compiled with its standard library. */
const TIMEOUT_MS = 300_000;
const whyNot = whyNotHere();

describe.skipIf(whyNot !== undefined)('peers with identity headers', () => {
  const resources = new AsyncDisposableStack();
  let shared: Setup;
  let received: Awaited<ReturnType<typeof recordingUpstream>>['received'];
  beforeAll(async () => {
    const upstream = await recordingUpstream(resources);
    received = upstream.received;
    shared = { ...(await sharedSetup(resources)), upstreamUrl: upstream.url };
  }, TIMEOUT_MS);
  afterAll(() => resources.disposeAsync());

  test.for([nginxPeer('present'), goPeer('present')].map((peer) => [peer.id, peer] as const))(
    '%s tells the upstream who the user is, and removes what the client claims to be',
    { timeout: TIMEOUT_MS },
    async ([, peer], context) => {
      await using server = await startHere(peer, shared, context);
      const { token, claims } = await sessionToken(shared, Date.now());
      received.length = 0;
      const forged = { 'x-user-id': 'admin', 'x-role': 'super-admin', 'x-session-id': 'x', cookie: 'a=b' };
      const { status } = await responseTo(server.url, { ...forged, authorization: `Bearer ${token}` });
      expect(status).toBe(200);
      expect(received).toHaveLength(1);
      const [{ url, headers } = { url: '', headers: {} }] = received;
      expect(url).toBe('/accounts');
      expect(headers).toMatchObject({
        'x-user-id': claims.sub,
        'x-session-id': claims.sid,
        'x-role': 'user',
      });
      expect(headers).not.toHaveProperty('authorization');
      expect(headers).not.toHaveProperty('cookie');
    },
  );

  test.for([nginxPeer('present'), goPeer('present')].map((peer) => [peer.id, peer] as const))(
    '%s refuses a path without a rule with 403, and does not ask the upstream',
    { timeout: TIMEOUT_MS },
    async ([, peer], context) => {
      await using server = await startHere(peer, shared, context);
      const { token } = await sessionToken(shared, Date.now());
      received.length = 0;
      expect(await statusOf(server.url, { authorization: `Bearer ${token}` }, '/bank/admin')).toBe(403);
      expect(received).toEqual([]);
    },
  );
});
