import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { forge } from '../../src/probe/forge.ts';

/** How a flawed gateway verifies a token. */
export type Verify = (
  token: string,
  publicKey: KeyObject,
  assertionPublicKey: KeyObject,
) => boolean | Promise<boolean>;

export interface FlawedGateway {
  url: string;
  /** The signing key. */
  privateKey: KeyObject;
  /** The key of assertions. */
  assertionKey: KeyObject;
  close(): Promise<void>;
}

export interface Flaw {
  verify: Verify;
  /** How it responds to an invalid token; with a 401 problem by default. */
  reject?: (outgoing: ServerResponse) => void;
}

const KID = 'the-one-key';

/** A small server with the gateway's routes for login, logout and keys. All other routes are protected. */
export async function startFlawedGateway({ verify, reject = respond401 }: Flaw): Promise<FlawedGateway> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicKey = createPublicKey(privateKey);
  const { privateKey: assertionKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const assertionPublicKey = createPublicKey(assertionKey);
  const keySet = JSON.stringify({
    keys: [
      { ...publicKey.export({ format: 'jwk' }), kid: KID },
      { ...assertionPublicKey.export({ format: 'jwk' }), kid: 'the-key-of-assertions', alg: 'ES256' },
    ],
  });
  const server = createServer(async (incoming, outgoing) => {
    const { url = '' } = incoming;
    if (url === '/auth/login' || url === '/auth/refresh')
      respondToLogin(await text(incoming), issue(privateKey), outgoing);
    else if (url === '/auth/logout') outgoing.writeHead(204).end();
    else if (url === '/.well-known/jwks.json') outgoing.end(keySet);
    else if (url === '/.well-known/oauth-authorization-server') outgoing.writeHead(404).end();
    else if (await verify(tokenOf(incoming), publicKey, assertionPublicKey)) outgoing.end('{}');
    else reject(outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    privateKey,
    assertionKey,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function respond401(outgoing: ServerResponse): void {
  outgoing.writeHead(401, { 'content-type': 'application/problem+json' });
  outgoing.end(JSON.stringify({ status: 401, code: 'token_invalid' }));
}

function respondToLogin(body: string, token: string, outgoing: ServerResponse): void {
  const [sub, sid, mac] = [16, 16, 32].map((bytes) => randomBytes(bytes).toString('base64url'));
  const refreshToken = `v1.${sub}.${sid}.0.${mac}`;
  const cookies = [
    `portcullis=${token}; HttpOnly`,
    `portcullis-refresh=${refreshToken}; Path=/auth; HttpOnly`,
  ];
  if (body.includes('"cookie"')) outgoing.setHeader('set-cookie', cookies);
  outgoing.end(JSON.stringify({ access_token: token, refresh_token: refreshToken }));
}

function issue(key: KeyObject): string {
  const iat = Math.floor(Date.now() / 1000);
  const [sub, sid, jti] = Array.from({ length: 3 }, () => randomBytes(16).toString('base64url'));
  const fixed = { iss: 'http://127.0.0.1:8080', aud: 'portcullis-api', client_id: 'portcullis-web' };
  const payload = { ...fixed, sub, sid, jti, auth_time: iat, iat, exp: iat + 300 };
  return forge({ header: { alg: 'PS256', typ: 'at+jwt', kid: KID }, payload, algorithm: 'PS256', key });
}

const tokenOf = ({ headers }: IncomingMessage): string =>
  headers.authorization?.replace(/^Bearer /, '') ??
  /portcullis=([^;]*)/.exec(headers.cookie ?? '')?.[1] ??
  '';
