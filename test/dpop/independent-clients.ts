import * as dpop from 'dpop';
import * as oauth from 'oauth4webapi';
import { DEMO_USERS } from '../../src/dev/demo-users.ts';

export interface ClientTokens {
  access_token: string;
  refresh_token: string;
  /** In lower case. */
  token_type: string;
}

/** A client whose proofs come from a library that shares no code with the gateway. */
export interface IndependentClient {
  /** How often the gateway has asked for a nonce, and the library has sent the request again. */
  readonly nonceDemands: number;
  logIn(): Promise<ClientTokens>;
  /** The status of a request with the access token. */
  get(path: string, tokens: ClientTokens): Promise<number>;
  /** Exchanges the refresh token at `/oauth/token`. */
  refresh(tokens: ClientTokens): Promise<ClientTokens>;
  /** The RFC 7638 thumbprint of the key. */
  thumbprint(): Promise<string>;
}

export type ClientName = 'dpop' | 'oauth4webapi';

/** Starts a client with a key. `issuer` is also where the gateway listens. */
export const startClient = async (
  name: ClientName,
  issuer: string,
  keys?: oauth.CryptoKeyPair,
): Promise<IndependentClient> =>
  name === 'dpop'
    ? new ProofClient(issuer, keys ?? (await dpop.generateKeyPair('ES256')))
    : new OauthClient(issuer, keys ?? (await oauth.generateKeyPair('ES256')));

const PASSWORD = DEMO_USERS.find(({ username }) => username === 'bob')?.password;
const CREDENTIALS = { username: 'bob', password: PASSWORD };
const CLIENT_ID = 'portcullis-web';

/** `dpop` makes proofs only, so this client keeps the nonce (RFC 9449, section 8.2). */
class ProofClient implements IndependentClient {
  nonceDemands = 0;
  readonly #issuer: string;
  readonly #keys: dpop.KeyPair;
  #nonce: string | undefined;

  constructor(issuer: string, keys: dpop.KeyPair) {
    this.#issuer = issuer;
    this.#keys = keys;
  }

  async logIn(): Promise<ClientTokens> {
    const headers = { 'content-type': 'application/json' };
    return tokensIn(await this.#send('POST', '/auth/login', { headers, body: JSON.stringify(CREDENTIALS) }));
  }

  async get(path: string, { access_token: token }: ClientTokens): Promise<number> {
    return (await this.#send('GET', path, { headers: { authorization: `DPoP ${token}` } }, token)).status;
  }

  async refresh({ refresh_token }: ClientTokens): Promise<ClientTokens> {
    const form = { grant_type: 'refresh_token', client_id: CLIENT_ID, refresh_token };
    return tokensIn(await this.#send('POST', '/oauth/token', { body: new URLSearchParams(form) }));
  }

  thumbprint(): Promise<string> {
    return dpop.calculateThumbprint(this.#keys.publicKey);
  }

  async #send(method: string, path: string, init: RequestInit, token?: string): Promise<Response> {
    const response = await this.#sendOnce(method, path, init, token);
    if (!response.headers.get('www-authenticate')?.includes('error="use_dpop_nonce"')) return response;
    this.nonceDemands += 1;
    return this.#sendOnce(method, path, init, token);
  }

  async #sendOnce(method: string, path: string, init: RequestInit, token?: string): Promise<Response> {
    const url = this.#issuer + path;
    const [htu = ''] = url.split('?');
    const proof = await dpop.generateProof(this.#keys, htu, method, this.#nonce, token);
    const response = await fetch(url, { ...init, method, headers: { ...init.headers, dpop: proof } });
    this.#nonce = response.headers.get('dpop-nonce') ?? this.#nonce;
    return response;
  }
}

async function tokensIn(response: Response): Promise<ClientTokens> {
  const body = (await response.json()) as ClientTokens;
  if (!response.ok) throw new Error(`${response.status}: ${JSON.stringify(body)}`);
  return { ...body, token_type: body.token_type.toLowerCase() };
}

const PLAIN_HTTP = { [oauth.allowInsecureRequests]: true };

/** oauth4webapi validates what it receives, and keeps the nonce itself. */
class OauthClient implements IndependentClient {
  nonceDemands = 0;
  readonly #issuer: string;
  readonly #handle: oauth.DPoPHandle;
  readonly #client: oauth.Client = { client_id: CLIENT_ID };

  constructor(issuer: string, keys: oauth.CryptoKeyPair) {
    this.#issuer = issuer;
    this.#handle = oauth.DPoP(this.#client, keys);
  }

  /** A token request of the library, whose body is replaced by the JSON of the login. */
  logIn(): Promise<ClientTokens> {
    const server = { issuer: this.#issuer, token_endpoint: `${this.#issuer}/auth/login` };
    const asJson: typeof fetch = (url, init) => {
      const headers = new Headers(init?.headers);
      headers.set('content-type', 'application/json');
      return fetch(url, { ...init, headers, body: JSON.stringify(CREDENTIALS) });
    };
    const options = { ...PLAIN_HTTP, DPoP: this.#handle, [oauth.customFetch]: asJson };
    return this.#withNonce(async () =>
      tokensFrom(
        await oauth.processGenericTokenEndpointResponse(
          server,
          this.#client,
          await oauth.genericTokenEndpointRequest(
            server,
            this.#client,
            oauth.None(),
            'password',
            {},
            options,
          ),
        ),
      ),
    );
  }

  async get(path: string, { access_token: token }: ClientTokens): Promise<number> {
    const url = new URL(this.#issuer + path);
    const options = { ...PLAIN_HTTP, DPoP: this.#handle };
    const { status } = await this.#withNonce(() =>
      oauth.protectedResourceRequest(token, 'GET', url, undefined, undefined, options),
    );
    return status;
  }

  refresh({ refresh_token: token }: ClientTokens): Promise<ClientTokens> {
    const options = { ...PLAIN_HTTP, DPoP: this.#handle };
    return this.#withNonce(async () => {
      const server = await this.#discover();
      const sent = oauth.refreshTokenGrantRequest(server, this.#client, oauth.None(), token, options);
      return tokensFrom(await oauth.processRefreshTokenResponse(server, this.#client, await sent));
    });
  }

  thumbprint(): Promise<string> {
    return this.#handle.calculateThumbprint();
  }

  async #discover(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.#issuer);
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...PLAIN_HTTP });
    return oauth.processDiscoveryResponse(issuer, response);
  }

  /** As the library's documentation recommends. */
  async #withNonce<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (fault) {
      if (!oauth.isDPoPNonceError(fault)) throw fault;
      this.nonceDemands += 1;
      return request();
    }
  }
}

const tokensFrom = ({ access_token, refresh_token = '', token_type }: oauth.TokenEndpointResponse) => ({
  access_token,
  refresh_token,
  token_type,
});
