import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { decodeJwt } from 'jose';
import { expect } from 'vitest';
import { addLoginClient } from '../../src/clients/clients.ts';
import { DEMO_USERS } from '../../src/dev/demo-users.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { bearer } from '../support/gateway.ts';
import {
  type ClientCertificate,
  makeTrialCertificates,
  proxyProgram,
  type RunningTlsProxy,
  startTlsProxy,
  type TlsProxyName,
  type TrialCertificates,
} from '../support/tls-proxies.ts';
import { type CertifiedResponse, PROXY, STRANGER, send } from './certified-requests.ts';

type HeaderFormat = keyof TrialCertificates['header'];

const bob = DEMO_USERS.find(({ username }) => username === 'bob');

/** A `test` with a gateway and the proxy in front of it. */
export const proxyTest = (name: TlsProxyName, format: HeaderFormat) =>
  gatewayTest({ TRUSTED_PROXIES: PROXY, CLIENT_CERT_HEADER: format })
    .extend('certificates', { scope: 'file' }, async ({}, { onCleanup }): Promise<TrialCertificates> => {
      const certificates = await makeTrialCertificates();
      onCleanup(() => certificates.remove());
      return certificates;
    })
    .extend('program', { scope: 'file' }, () => proxyProgram(name))
    .extend(
      'proxy',
      { scope: 'file' },
      async ({ program, certificates, gateway }, { onCleanup }): Promise<RunningTlsProxy | undefined> => {
        if ('missing' in program) return undefined;
        const proxy = await startTlsProxy(name, program, certificates, gateway.url);
        onCleanup(() => proxy.stop());
        return proxy;
      },
    )
    .extend('clientId', { scope: 'file' }, async ({ gateway }) => {
      const client = { name: 'a service', boundTo: 'certificate' } as const;
      return (await addLoginClient(gateway.link, client, new Date())).id;
    })
    .extend(
      'through',
      ({ proxy, certificates }) =>
        (
          path: string,
          certificate: ClientCertificate | undefined,
          { headers = {}, json }: { headers?: Record<string, string>; json?: unknown } = {},
        ): Promise<CertifiedResponse> =>
          sendByTls(proxy?.port ?? 0, certificates.authority, certificate, path, headers, json),
    )
    .extend('boundToken', async ({ through, clientId, certificates }): Promise<string> => {
      const json = { username: bob?.username, password: bob?.password, client_id: clientId };
      const { status, body } = await through('/auth/login', certificates.client, { json });
      expect(status).toBe(200);
      return `${body.access_token}`;
    });

async function sendByTls(
  port: number,
  ca: string,
  certificate: ClientCertificate | undefined,
  path: string,
  headers: Record<string, string>,
  json: unknown,
): Promise<CertifiedResponse> {
  const body = json === undefined ? undefined : JSON.stringify(json);
  const sent = request({
    ...{ host: '127.0.0.1', port, path, ca, ...certificate, agent: false },
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> };
}

const WRONG = { status: 401, body: { code: 'token_binding_wrong' } };

/** What holds behind every proxy. Called at the top of a file, once. */
export function testProxy(
  test: ReturnType<typeof proxyTest>,
  name: TlsProxyName,
  format: HeaderFormat,
): void {
  test.beforeEach(({ program, skip }) => {
    if ('missing' in program) skip(`no ${name}: ${program.missing}`);
  });

  test('is accepted with the certificate', async ({ through, boundToken: token, certificates, upstream }) => {
    const before = upstream.count;
    const { status } = await through('/bank/accounts', certificates.client, { headers: bearer(token) });
    expect(status).toBe(200);
    expect(upstream.count).toBe(before + 1);
    expect(decodeJwt(token)).toMatchObject({ cnf: { 'x5t#S256': certificates.thumbprint } });
  });

  test('is refused with another certificate and without one', async ({
    through,
    boundToken: token,
    certificates,
    upstream,
  }) => {
    const before = upstream.count;
    for (const certificate of [certificates.other, undefined])
      expect(await through('/bank/accounts', certificate, { headers: bearer(token) })).toMatchObject(WRONG);
    expect(upstream.count).toBe(before);
  });

  test('is refused although the client sends the certificate in the header itself', async ({
    through,
    boundToken: token,
    certificates,
    upstream,
  }) => {
    const before = upstream.count;
    for (const certificate of [certificates.other, undefined])
      for (const header of ['Client-Cert', 'client-cert', 'Client_Cert'])
        expect(
          await through('/bank/accounts', certificate, {
            headers: { ...bearer(token), [header]: certificates.header[format] },
          }),
        ).toMatchObject(WRONG);
    expect(upstream.count).toBe(before);
  });

  test('is accepted although the client sends another certificate in the header', async ({
    through,
    boundToken: token,
    certificates,
  }) => {
    const headers = { ...bearer(token), 'client-cert': ':Zm9yZ2Vk:', 'client-cert-chain': ':Zm9yZ2Vk:' };
    expect((await through('/bank/accounts', certificates.client, { headers })).status).toBe(200);
  });

  test('is refused straight at the gateway, by a peer that is not the proxy', async ({
    gateway,
    boundToken: token,
    certificates,
    upstream,
  }) => {
    const before = upstream.count;
    const request = { headers: bearer(token), certificates: [certificates.header[format]], from: STRANGER };
    expect(await send(gateway, '/bank/accounts', request)).toMatchObject(WRONG);
    expect(upstream.count).toBe(before);
  });

  test('is issued only with a certificate', async ({ through, clientId }) => {
    const json = { username: bob?.username, password: bob?.password, client_id: clientId };
    expect(await through('/auth/login', undefined, { json })).toMatchObject({
      status: 403,
      body: { code: 'binding_required' },
    });
  });
}
