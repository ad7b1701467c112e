// Logs in with a key, uses the token, shows that it is useless without the key, and logs out (DPoP, RFC 9449).
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';

const GATEWAY = process.argv[2] ?? 'http://127.0.0.1:8080';

/** A client with a key of its own. It keeps the private key in memory only. */
class DpopClient {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  #nonce: string | undefined;

  /** Proves that this client sends this request (section 4.2). `htu` is the URL without its query. */
  proof(method: string, url: URL, token?: string): string {
    const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: this.#keys.publicKey.export({ format: 'jwk' }) };
    const claims = {
      htm: method,
      htu: url.origin + url.pathname,
      iat: Math.floor(Date.now() / 1000),
      jti: randomUUID(),
      ath: token && createHash('sha256').update(token).digest('base64url'),
      nonce: this.#nonce,
    };
    const signed = [header, claims].map((part) => base64url(JSON.stringify(part))).join('.');
    const key = { key: this.#keys.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return `${signed}.${base64url(sign('sha256', Buffer.from(signed), key))}`;
  }

  /** Sends a request with a new proof, and once more if the gateway wants its nonce in the proof (section 8). */
  async send(method: string, path: string, token?: string, body?: object): Promise<Response> {
    const url = new URL(path, GATEWAY);
    const response = await send(
      method,
      url,
      {
        ...(token && { authorization: `DPoP ${token}` }),
        ...(body && { 'content-type': 'application/json' }),
        dpop: this.proof(method, url, token),
      },
      body,
    );
    const nonce = response.headers.get('dpop-nonce') ?? this.#nonce;
    const isNew = nonce !== this.#nonce;
    this.#nonce = nonce;
    return response.status === 401 && isNew ? this.send(method, path, token, body) : response;
  }
}

const base64url = (data: string | Buffer): string => Buffer.from(data).toString('base64url');

const send = (method: string, url: URL, headers: Record<string, string>, body?: object): Promise<Response> =>
  fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });

async function show(what: string, response: Response): Promise<void> {
  const { code = '' } = response.ok ? {} : ((await response.json()) as { code?: string });
  console.log(`${what}: ${response.status} ${code}`.trimEnd());
}

const client = new DpopClient();
const login = await client.send('POST', '/auth/login', undefined, { username: 'bob', password: 'foobared' });
if (!login.ok) throw new Error(`the login failed: ${await login.text()}`);
const { access_token: token, token_type } = (await login.json()) as Record<string, string>;
console.log(`logged in with a token of type ${token_type}`);

const accounts = new URL('/bank/accounts', GATEWAY);
await show('the client uses the token', await client.send('GET', accounts.pathname, token));

// What a thief can do who has copied the token, or a whole request.
const dpop = client.proof('GET', accounts, token);
const request = { authorization: `DPoP ${token}`, dpop };
await show('the client sends another request', await send('GET', accounts, request));
await show('a thief sends a copy of it', await send('GET', accounts, request));
await show(
  'a thief sends the token alone',
  await send('GET', accounts, { authorization: `Bearer ${token}` }),
);
await show('a thief uses a key of their own', await new DpopClient().send('GET', accounts.pathname, token));

await show('the client logs out', await client.send('POST', '/auth/logout', token));
await show('the client uses the token', await client.send('GET', accounts.pathname, token));
