import { loginFault } from '../login-fault.ts';
import { refused, type ServerFault, ServerRefused } from './fault.ts';

/** What the codes of OpenSSL and Node.js mean for the operator. */
const TLS_FAULTS: readonly [code: RegExp, meaning: string][] = [
  [
    /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE)/,
    "the server's certificate is not from a trusted authority: set REDIS_TLS_CA_FILE to the certificate of its authority",
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    "the server's certificate is for another name: correct the host in REDIS_URL, or set REDIS_TLS_SERVER_NAME",
  ],
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, "the server's certificate has expired or is not valid yet"],
  [
    /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/,
    'the server requires a certificate of this process: set REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE',
  ],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+|DECRYPT_ERROR)|SSLV3_ALERT_\w*CERTIFICATE\w*/,
    'the server rejects the certificate in REDIS_TLS_CERT_FILE',
  ],
  [/^(ERR_SSL_|EPROTO$)/, 'TLS with the server failed: is it a port for TLS (`tls-port`)?'],
];

/** What an error means if it is about TLS, otherwise undefined. */
function tlsFault(fault: unknown): string | undefined {
  for (let at = fault; at instanceof Error; at = at.cause) {
    const code = 'code' in at ? String(at.code) : '';
    const meaning = TLS_FAULTS.find(([pattern]) => pattern.test(code))?.[1];
    if (meaning !== undefined) return meaning;
  }
  return undefined;
}

/** Why a connection could not be opened, as a fault of its server. */
export function connectionFault(fault: unknown): ServerFault {
  if (fault instanceof ServerRefused) return fault.fault;
  const login = loginFault(fault);
  if (login !== undefined) return refused('redis_login_refused', login);
  const tls = tlsFault(fault);
  if (tls !== undefined) return refused('redis_tls_failed', tls);
  if (fault instanceof Error && fault.message.startsWith('LOADING'))
    return refused('redis_loading', 'Redis is loading its data');
  return refused('redis_unreachable', fault instanceof Error ? fault.message : 'unknown');
}
