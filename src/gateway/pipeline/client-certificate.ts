import { hash, X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { GatewaySettings } from '../../config/load.ts';
import { isInRanges } from '../../http/addresses.ts';
import { Refusal } from '../../refusal.ts';

/** Which peers are trusted, and the format that they send. */
export type CertificateSettings = Pick<GatewaySettings, 'trustedProxies' | 'clientCertHeader'>;

export type CertificateReason = 'client_certificate_malformed';

/** The SHA-256 hash of a certificate's DER encoding in base64url: `x5t#S256` (RFC 8705, section 3.1). */
type Thumbprint = string;

/**
 * The thumbprint of the certificate with which the client has authenticated to a trusted proxy, or undefined if there is
 * none. Only `Client-Cert` (RFC 9440) of a connection from `TRUSTED_PROXIES` counts: anybody can send the header, and from
 * any other peer it means nothing. By default it never counts: a proxy that is trusted for `X-Forwarded-For` may pass on
 * what a client sends (RFC 9440, section 2.4).
 *
 * It is for comparison with the thumbprint of a bound token, so the bytes are only hashed: that costs a tenth of parsing
 * them, and bytes that are no certificate have no thumbprint that a session was bound to.
 */
export function presentedThumbprint(
  incoming: IncomingMessage,
  settings: CertificateSettings,
): Thumbprint | undefined | Refusal<CertificateReason> {
  const der = presentedDer(incoming, settings);
  return Buffer.isBuffer(der) ? hash('sha256', der, 'base64url') : der;
}

/**
 * The same for a session that is to be bound to the certificate: the bytes must be one X.509 certificate in DER and
 * nothing else. Whether it is trusted, valid and not revoked was the proxy's decision in the TLS handshake.
 */
export function bindableThumbprint(
  incoming: IncomingMessage,
  settings: CertificateSettings,
): Thumbprint | undefined | Refusal<CertificateReason> {
  const der = presentedDer(incoming, settings);
  if (!Buffer.isBuffer(der)) return der;
  return isCertificate(der) ? hash('sha256', der, 'base64url') : malformed('not a certificate');
}

const malformed = (detail: string) => new Refusal('client_certificate_malformed', detail);

function presentedDer(
  { headers, socket }: IncomingMessage,
  { trustedProxies, clientCertHeader: format }: CertificateSettings,
): Buffer | undefined | Refusal<CertificateReason> {
  const value = headers['client-cert'];
  if (value === undefined || format === 'off' || !isInRanges(socket.remoteAddress ?? '', trustedProxies))
    return undefined;
  // Node joins several headers with commas, which are in neither format.
  const base64 = ENCODINGS[format](value.toString());
  if (base64 === undefined) return malformed(`not ${format}`);
  const der = Buffer.from(base64, 'base64');
  return der.toString('base64') === base64 ? der : malformed('not canonical base64');
}

/** A byte sequence of a structured field (RFC 8941, section 3.3.5): `:base64:`. */
const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/;
/** One certificate in the strict form of RFC 7468, section 5, without text around it. */
const PEM = /^-----BEGIN CERTIFICATE-----\n((?:[A-Za-z0-9+/=]{1,64}\n)+)-----END CERTIFICATE-----\n?$/;

type HeaderFormat = Exclude<GatewaySettings['clientCertHeader'], 'off'>;

/** Each format's way to the base64 of the DER encoding. */
const ENCODINGS: Record<HeaderFormat, (value: string) => string | undefined> = {
  rfc9440: (value) => BYTE_SEQUENCE.exec(value)?.[1],
  'pem-escaped': (value) => PEM.exec(percentDecoded(value))?.[1]?.replaceAll('\n', ''),
};

/** The decoded text, or '' if an escape is malformed. */
function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}

/** Also PEM is parsed, and bytes after the certificate are ignored: only the DER encoding itself is returned as `raw`. */
function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.equals(der);
  } catch {
    return false;
  }
}
