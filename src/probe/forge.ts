import { constants, createHmac, type KeyObject, sign } from 'node:crypto';
import type { AttackContext } from './attack.ts';

/** The JWS algorithms of RFC 7518 (section 3.1) and RFC 8037 (section 3.1) that sign or authenticate. */
export type JwsAlgorithm =
  | `${'HS' | 'RS' | 'PS'}${256 | 384 | 512}`
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519';

interface ForgeOptions {
  /** Header and payload as given: nothing is validated or normalized. */
  header: unknown;
  payload: unknown;
  /** The algorithm that signs, regardless of the header. */
  algorithm: JwsAlgorithm;
  /** A private key, or the bytes of an HMAC secret. */
  key: KeyObject | Buffer;
  /** Salt length of RSA-PSS in bytes; the length of the digest (RFC 7518, section 3.5) by default. */
  saltLength?: number;
}

/** A compact JWS (RFC 7515, section 7.1) with arbitrary content. */
export function forge({ header, payload, ...signing }: ForgeOptions): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signatureOf(input, signing)}`;
}

/** One part of a token in base64url: text and bytes as given, any other value as JSON. */
export function encode(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString('base64url');
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The part with each other last letter that decodes to the same bytes (RFC 4648, section 3.5). */
export function otherEncodings(part: string): string[] {
  const bytes = Buffer.from(part, 'base64url');
  return [...ALPHABET]
    .map((letter) => part.slice(0, -1) + letter)
    .filter((other) => other !== part && Buffer.from(other, 'base64url').equals(bytes));
}

/** The signature of a text, in base64url. */
export function signatureOf(
  input: string,
  { algorithm, key, saltLength }: Pick<ForgeOptions, 'algorithm' | 'key' | 'saltLength'>,
): string {
  const hash = `sha${algorithm.slice(2)}`;
  if (Buffer.isBuffer(key)) return createHmac(hash, key).update(input).digest('base64url');
  const bytes = Buffer.from(input);
  switch (algorithm.slice(0, 2)) {
    case 'RS':
      return sign(hash, bytes, { key, padding: constants.RSA_PKCS1_PADDING }).toString('base64url');
    case 'PS':
      return sign(hash, bytes, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: saltLength ?? constants.RSA_PSS_SALTLEN_DIGEST,
      }).toString('base64url');
    case 'ES':
      return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    default:
      return sign(null, bytes, key).toString('base64url');
  }
}

/** The header that the gateway writes. */
export const gatewayHeader = ({ live }: AttackContext): Record<string, unknown> => ({
  alg: 'PS256',
  typ: 'at+jwt',
  kid: live.kid,
});

/** The live token signed again with `signingKey`, and therefore valid except for `changes`. */
export const signedToken = (context: AttackContext, changes: Partial<ForgeOptions> = {}): string =>
  forge({
    header: gatewayHeader(context),
    payload: context.live.claims,
    algorithm: 'PS256',
    key: context.signingKey,
    ...changes,
  });

/** The same with some header members changed; an undefined one is removed. */
export const withHeader = (context: AttackContext, changes: Record<string, unknown>): string =>
  signedToken(context, { header: { ...gatewayHeader(context), ...changes } });

/** The same with some claims changed; an undefined one is removed. */
export const withClaims = (context: AttackContext, changes: Record<string, unknown>): string =>
  signedToken(context, { payload: { ...context.live.claims, ...changes } });

/** The live token's claims signed with the attacker's RSA key. */
export const attackerToken = (context: AttackContext, changes: Partial<ForgeOptions> = {}): string =>
  signedToken(context, { key: context.attackerKeys.rsa, ...changes });

/** The live token's claims signed by another algorithm, which the header names, with another key. */
export const tokenOf = (
  context: AttackContext,
  algorithm: JwsAlgorithm,
  key: KeyObject | Buffer,
  header: Record<string, unknown> = {},
): string =>
  signedToken(context, {
    header: { ...gatewayHeader(context), alg: algorithm, ...header },
    algorithm,
    key,
  });
