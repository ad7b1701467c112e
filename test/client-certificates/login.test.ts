import { describe, expect } from 'vitest';
import { addLoginClient } from '../../src/clients/clients.ts';
import { DpopClient } from '../support/dpop.ts';
import { gatewayTest } from '../support/fixtures.ts';
import {
  BEHIND_PROXY,
  CERTIFICATE,
  type CertifiedRequest,
  logInWith,
  STRANGER,
  send,
} from './certified-requests.ts';

const test = gatewayTest({ ...BEHIND_PROXY, DPOP_REQUIRED_ROLES: 'user' }).extend(
  'clientId',
  { scope: 'file' },
  async ({ gateway }) => {
    const client = { name: 'a service', boundTo: 'certificate' } as const;
    return (await addLoginClient(gateway.link, client, new Date())).id;
  },
);

/** A byte sequence that is canonical and no certificate. */
const NOT_A_CERTIFICATE = `:${Buffer.from('no certificate').toString('base64')}:`;

const REFUSED: readonly (readonly [string, CertifiedRequest, { status: number; code: string }])[] = [
  ['no certificate', {}, { status: 403, code: 'binding_required' }],
  [
    'one from a peer that is not trusted',
    { certificates: [CERTIFICATE], from: STRANGER },
    { status: 403, code: 'binding_required' },
  ],
  [
    'bytes that are none',
    { certificates: [NOT_A_CERTIFICATE] },
    { status: 400, code: 'client_certificate_invalid' },
  ],
  [
    'two certificates',
    { certificates: [CERTIFICATE, CERTIFICATE] },
    { status: 400, code: 'client_certificate_invalid' },
  ],
];

describe('a login by an app that requires a certificate', () => {
  test('succeeds with the certificate, also where the role requires a binding', async ({
    gateway,
    clientId,
  }) => {
    const { status, body } = await logInWith(gateway, clientId, { certificates: [CERTIFICATE] });
    expect([status, body.token_type]).toEqual([200, 'Bearer']);
    const headers = { authorization: `Bearer ${body.access_token}` };
    expect((await send(gateway, '/auth/session', { certificates: [CERTIFICATE], headers })).status).toBe(200);
  });

  test.for(REFUSED)(
    'is refused with %s before the password is looked at',
    async ([, request, { status, code }], { gateway, clientId }) => {
      const commands = await gateway.redis.commandsDuring(async () => {
        expect(await logInWith(gateway, clientId, request)).toMatchObject({ status, body: { code } });
      });
      expect(commands).toEqual(['hget']);
    },
  );

  test('is refused with a DPoP proof beside the certificate, because a session has one binding', async ({
    gateway,
    clientId,
  }) => {
    const dpop = new DpopClient().proof('POST', `${gateway.settings.issuer}/auth/login`);
    const request = { certificates: [CERTIFICATE], headers: { dpop } };
    expect(await logInWith(gateway, clientId, request)).toMatchObject({
      status: 401,
      body: { code: 'dpop_proof_invalid' },
    });
  });
});
