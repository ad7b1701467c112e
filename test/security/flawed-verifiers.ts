import { createHmac, createPublicKey } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, type JWK, jwtVerify } from 'jose';
import type { Verify } from './flawed-gateway.ts';

const succeeds = (verification: Promise<unknown>): Promise<boolean> =>
  verification.then(
    () => true,
    () => false,
  );

export const verifyWith =
  (algorithms: string[]): Verify =>
  (token, key) =>
    succeeds(compactVerify(token, key, { algorithms }));

/** A correct verifier with one mistake. */
export const orElse =
  (mistake: Verify): Verify =>
  async (token, key, assertionKey) =>
    (await verifyWith(['PS256'])(token, key, assertionKey)) || mistake(token, key, assertionKey);

function headerOf(token: string): { alg?: unknown; jwk?: unknown } {
  try {
    return decodeProtectedHeader(token);
  } catch {
    return {};
  }
}

export const acceptsNone: Verify = (token) => String(headerOf(token).alg).toLowerCase() === 'none';

export const acceptsHmac: Verify = (token, key) => {
  const secret = key.export({ type: 'spki', format: 'pem' });
  const [header, payload, signature] = token.split('.');
  const mac = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
  return headerOf(token).alg === 'HS256' && signature === mac;
};

/** Any published key verifies any token, by the algorithm that its header names. */
export const acceptsAssertionKey: Verify = (token, _key, assertionKey) =>
  succeeds(compactVerify(token, assertionKey, { algorithms: ['ES256'] }));

export const acceptsJwk: Verify = (token, _key, assertionKey) => {
  const { jwk } = headerOf(token);
  if (jwk === undefined) return false;
  return verifyWith(['PS256', 'RS256'])(
    token,
    createPublicKey({ key: jwk as JWK, format: 'jwk' }),
    assertionKey,
  );
};

/** A typical setup: one call of jose with every relevant option, and no whitelist. */
export const joseOnly: Verify = (token, key) =>
  succeeds(
    jwtVerify(token, key, {
      algorithms: ['PS256'],
      issuer: 'http://127.0.0.1:8080',
      audience: 'portcullis-api',
      typ: 'at+jwt',
    }),
  );
