import { hash } from 'node:crypto';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gatewaySettings } from '../../../src/config/load.ts';
import { bindableThumbprint, presentedThumbprint } from '../../../src/gateway/pipeline/client-certificate.ts';

/** The certificate of RFC 8705, appendix A, in base64, and its `x5t#S256`. */
const RFC8705 =
  'MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwE' +
  'bXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGG' +
  'WvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUa' +
  'KlLR50Q2DmFfQj1L+SY=';
const RFC8705_THUMBPRINT = 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0';

/** The example of RFC 9440, appendix A. */
const RFC9440 =
  ':MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0' +
  'ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaU' +
  'gmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAW' +
  'gBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1w' +
  'bGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBV' +
  'oU4hBVZ1yhk=:';

const PROXY = '192.0.2.7';
const sequence = (base64: string): string => `:${base64}:`;
const pem = (base64: string): string =>
  `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`;

/** A request with one `Client-Cert` for each value, and the settings of a gateway that trusts {@link PROXY}. */
function received(values: readonly string[], { from = PROXY, format = 'rfc9440' } = {}) {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: from });
  const incoming = new IncomingMessage(socket);
  if (values.length > 0) incoming.headers['client-cert'] = values.join(', ');
  const settings = gatewaySettings({ TRUSTED_PROXIES: PROXY, CLIENT_CERT_HEADER: format });
  return [incoming, settings] as const;
}

const MALFORMED = { reason: 'client_certificate_malformed' };

describe('from a trusted proxy', () => {
  test("the thumbprint of RFC 8705's example is the one in the RFC", () => {
    expect(presentedThumbprint(...received([sequence(RFC8705)]))).toBe(RFC8705_THUMBPRINT);
    expect(bindableThumbprint(...received([sequence(RFC8705)]))).toBe(RFC8705_THUMBPRINT);
  });

  test("the header of RFC 9440's example is read", () => {
    const expected = hash('sha256', Buffer.from(RFC9440.slice(1, -1), 'base64'), 'base64url');
    expect(bindableThumbprint(...received([RFC9440]))).toBe(expected);
  });

  test('the same certificate in percent-encoded PEM has the same thumbprint', () => {
    const escaped = encodeURIComponent(pem(RFC8705));
    expect(bindableThumbprint(...received([escaped], { format: 'pem-escaped' }))).toBe(RFC8705_THUMBPRINT);
  });

  test('a request without the header has no certificate', () => {
    expect(presentedThumbprint(...received([]))).toBeUndefined();
    expect(bindableThumbprint(...received([]))).toBeUndefined();
  });

  test.each([
    ['two headers', [sequence(RFC8705), sequence(RFC8705)]],
    ['two values in one header', [`${sequence(RFC8705)},${sequence(RFC8705)}`]],
    ['an empty value', ['']],
    ['an empty byte sequence', ['::']],
    ['base64 without colons', [RFC8705]],
    ['a parameter', [`${sequence(RFC8705)};v=1`]],
    ['missing padding', [sequence(RFC8705.replace('=', ''))]],
    ['spare bits in the last character', [sequence(RFC8705.replace('Y=', 'Z='))]],
    ['base64url', [sequence(RFC8705.replaceAll('/', '_').replaceAll('+', '-'))]],
    ['white space in the base64', [sequence(`${RFC8705.slice(0, 64)} ${RFC8705.slice(64)}`)]],
    ['percent-encoded PEM', [encodeURIComponent(pem(RFC8705))]],
  ])('%s is refused', (_what, values) => {
    expect(presentedThumbprint(...received(values))).toMatchObject(MALFORMED);
    expect(bindableThumbprint(...received(values))).toMatchObject(MALFORMED);
  });

  test.each([
    ['a byte sequence', sequence(RFC8705)],
    ['two certificates', encodeURIComponent(pem(RFC8705) + pem(RFC8705))],
    ['text before the certificate', encodeURIComponent(`subject=mtls\n${pem(RFC8705)}`)],
    ['a private key', encodeURIComponent(pem(RFC8705).replaceAll('CERTIFICATE', 'PRIVATE KEY'))],
    ['a malformed escape', `${encodeURIComponent(pem(RFC8705))}%0`],
    ['an escape that is not UTF-8', `${encodeURIComponent(pem(RFC8705))}%FF`],
    ['missing padding', encodeURIComponent(pem(RFC8705.replace('=', '')))],
    ['an empty value', ''],
  ])('%s is refused where percent-encoded PEM is expected', (_what, value) => {
    expect(bindableThumbprint(...received([value], { format: 'pem-escaped' }))).toMatchObject(MALFORMED);
  });

  test.each([
    ['random bytes', Buffer.from('not a certificate')],
    ['a certificate with a byte after it', Buffer.concat([Buffer.from(RFC8705, 'base64'), Buffer.of(0)])],
    ['a truncated certificate', Buffer.from(RFC8705, 'base64').subarray(0, -1)],
    ['the PEM form of a certificate', Buffer.from(pem(RFC8705))],
  ])('a session cannot be bound to %s', (_what, bytes) => {
    expect(bindableThumbprint(...received([sequence(bytes.toString('base64'))]))).toMatchObject(MALFORMED);
  });

  test('no other bytes have the thumbprint of a certificate, however they are encoded', () => {
    const values = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => sequence(Buffer.from(bytes).toString('base64'))),
      fc.tuple(fc.nat(RFC8705.length - 1), fc.base64String({ maxLength: 4 })).map(([at, put]) => {
        const changed = RFC8705.slice(0, at) + put + RFC8705.slice(at + put.length);
        return changed === RFC8705 ? '' : sequence(changed);
      }),
    );
    fc.assert(
      fc.property(values, fc.constantFrom('rfc9440', 'pem-escaped'), (value, format) => {
        expect(presentedThumbprint(...received([value], { format }))).not.toBe(RFC8705_THUMBPRINT);
      }),
    );
  });
});

test.each(['192.0.2.8', '127.0.0.1', '::1', ''])(
  'from %s, which is no trusted proxy, the header counts as absent',
  (from) => {
    for (const value of [sequence(RFC8705), 'nonsense']) {
      expect(presentedThumbprint(...received([value], { from }))).toBeUndefined();
      expect(bindableThumbprint(...received([value], { from }))).toBeUndefined();
    }
  },
);

test('unless it is turned on, the header of a trusted proxy counts as absent', () => {
  const request = received([sequence(RFC8705)], { format: 'off' });
  expect(presentedThumbprint(...request)).toBeUndefined();
  expect(gatewaySettings({ TRUSTED_PROXIES: PROXY }).clientCertHeader).toBe('off');
});

test('a proxy that connects by IPv4 to a dual-stack listener is trusted as well', () => {
  const request = received([sequence(RFC8705)], { from: `::ffff:${PROXY}` });
  expect(presentedThumbprint(...request)).toBe(RFC8705_THUMBPRINT);
});
