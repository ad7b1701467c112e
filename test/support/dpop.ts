import { constants, createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** What differs from the right proof for a request. `undefined` omits a member. */
export interface ProofChanges {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  /** Signs with this key and not with the one in the header. */
  signingKey?: KeyObject;
  nonce?: string | undefined;
  nowMs?: number;
}

type Kind = 'ES256' | 'EdDSA' | 'Ed25519' | 'PS256';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** A client that proves to hold a key (RFC 9449). It shares no code with the gateway. */
export class DpopClient {
  readonly alg: Kind;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;

  constructor(alg: Kind = 'ES256', modulusLength = 2048) {
    this.alg = alg;
    const pair =
      alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : alg === 'PS256'
          ? generateKeyPairSync('rsa', { modulusLength })
          : generateKeyPairSync('ed25519');
    this.publicKey = pair.publicKey;
    this.privateKey = pair.privateKey;
  }

  get jwk(): Record<string, unknown> {
    return { ...this.publicKey.export({ format: 'jwk' }) };
  }

  /** RFC 7638. */
  get jkt(): string {
    const { crv, e, kty, n, x, y } = this.jwk as Record<string, string | undefined>;
    return sha256(JSON.stringify({ crv, e, kty, n, x, y }));
  }

  /** A proof for a request. `token` is the access token that the request presents. */
  proof(method: string, url: string, token?: string, changes: ProofChanges = {}): string {
    const header = { typ: 'dpop+jwt', alg: this.alg, jwk: this.jwk, ...changes.header };
    const claims = {
      htm: method,
      htu: url,
      iat: Math.floor((changes.nowMs ?? Date.now()) / 1000),
      jti: randomBytes(16).toString('base64url'),
      ath: token === undefined ? undefined : sha256(token),
      nonce: changes.nonce,
      ...changes.claims,
    };
    const signed = `${encode(header)}.${encode(claims)}`;
    const key = changes.signingKey ?? this.privateKey;
    return `${signed}.${signatureOf(signed, key).toString('base64url')}`;
  }
}

function signatureOf(signed: string, key: KeyObject): Buffer {
  const data = Buffer.from(signed);
  if (key.asymmetricKeyType === 'ec') return sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' });
  if (key.asymmetricKeyType === 'ed25519') return sign(null, data, key);
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return sign('sha256', data, { key, ...padding });
}
