import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { addLoginClient } from '../../src/clients/clients.ts';
import { DEMO_USERS } from '../../src/dev/demo-users.ts';
import type { TestGateway } from '../support/gateway.ts';
import type { Tokens } from '../support/sessions.ts';

/** The certificate of RFC 8705, appendix A, as a value of `Client-Cert`, and its thumbprint. */
export const CERTIFICATE =
  ':MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwE' +
  'bXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGG' +
  'WvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUa' +
  'KlLR50Q2DmFfQj1L+SY=:';
export const THUMBPRINT = 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0';

/** The example of RFC 9440, appendix A. */
export const OTHER_CERTIFICATE =
  ':MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0' +
  'ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaU' +
  'gmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAW' +
  'gBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1w' +
  'bGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBV' +
  'oU4hBVZ1yhk=:';

/** What the gateway of these tests trusts, and a peer that it does not. Both are this machine. */
export const PROXY = '127.0.0.1';
export const STRANGER = '127.0.0.2';
export const BEHIND_PROXY = { TRUSTED_PROXIES: PROXY, CLIENT_CERT_HEADER: 'rfc9440' };

export interface CertifiedRequest {
  method?: string;
  headers?: Record<string, string | string[]>;
  /** JSON, or the text of a form. */
  body?: unknown;
  /** The values of `Client-Cert`. */
  certificates?: readonly string[];
  /** The address of the peer. */
  from?: string;
}

/** Requests without the one certificate {@link CERTIFICATE}. */
export const IMPOSTORS: readonly (readonly [what: string, request: CertifiedRequest])[] = [
  ['another certificate', { certificates: [OTHER_CERTIFICATE] }],
  ['no certificate', {}],
  ['the certificate from a peer that is not trusted', { certificates: [CERTIFICATE], from: STRANGER }],
  ['the certificate twice', { certificates: [CERTIFICATE, CERTIFICATE] }],
  ['the certificate and another one', { certificates: [CERTIFICATE, OTHER_CERTIFICATE] }],
  ['a malformed certificate', { certificates: ['nonsense'] }],
];

/** The same request with an access token. */
export const withToken = (
  { headers, ...request }: CertifiedRequest,
  { access_token }: { access_token: string },
) => ({
  ...request,
  headers: { ...headers, authorization: `Bearer ${access_token}` },
});

/** A request with a refresh token, for `/auth/refresh` or `/auth/logout`. */
export const refreshRequest = ({ refresh_token }: Pick<Tokens, 'refresh_token'>): CertifiedRequest => ({
  method: 'POST',
  body: { refresh_token },
});

export interface CertifiedResponse {
  status: number;
  body: Record<string, unknown>;
  /** For the next DPoP proof (RFC 9449, section 8). */
  nonce?: string | undefined;
}

/** Sends a request as a proxy or a stranger would. Only the head of an event stream is read. */
export async function send(
  gateway: Pick<TestGateway, 'url'>,
  path: string,
  { method = 'GET', headers = {}, body, certificates = [], from = PROXY }: CertifiedRequest = {},
): Promise<CertifiedResponse> {
  const isForm = typeof body === 'string';
  const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
  const sent = request(gateway.url + path, {
    method,
    localAddress: from,
    agent: false,
    headers: {
      ...headers,
      ...(certificates.length === 0 ? {} : { 'client-cert': [...certificates] }),
      ...(body === undefined ? {} : { 'content-type': type }),
    },
  });
  sent.end(body === undefined ? undefined : isForm ? body : JSON.stringify(body));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const status = response.statusCode ?? 0;
  if (response.headers['content-type']?.startsWith('text/event-stream')) {
    sent.destroy();
    return { status, body: {} };
  }
  const text = Buffer.concat(await response.toArray()).toString();
  const nonce = response.headers['dpop-nonce']?.toString();
  return { status, nonce, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} };
}

/** A demo user's login by an app. */
export function logInWith(
  gateway: Pick<TestGateway, 'url'>,
  client_id: string,
  more: CertifiedRequest = {},
): Promise<CertifiedResponse> {
  const { username, password } = DEMO_USERS.find((demo) => demo.username === 'bob') ?? {};
  return send(gateway, '/auth/login', { method: 'POST', body: { username, password, client_id }, ...more });
}

/** A session of an app whose sessions are bound to {@link CERTIFICATE}. */
export async function startBoundSession(gateway: TestGateway): Promise<Tokens & { clientId: string }> {
  const client = { name: 'a service', boundTo: 'certificate' } as const;
  const { id } = await addLoginClient(gateway.link, client, new Date());
  const { status, body } = await logInWith(gateway, id, { certificates: [CERTIFICATE] });
  if (status !== 200) throw new Error(`the login failed with ${status}`);
  return { ...(body as unknown as Tokens), clientId: id };
}
