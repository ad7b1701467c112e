import { decodeJwt } from 'jose';
import { DEMO_USERS } from '../../src/dev/demo-users.ts';
import type { AccessClaims } from '../../src/jwt/access-token.ts';
import { DpopClient, type ProofChanges } from './dpop.ts';
import { postJson } from './gateway.ts';
import type { Tokens } from './sessions.ts';

/** Where a gateway listens, and by which URL clients reach it. */
export interface ReachableGateway {
  url: string;
  settings: { issuer: string };
}

export interface BoundRequest extends ProofChanges {
  method?: string;
  body?: unknown;
  /** In place of the right ones. `null` omits the header. */
  headers?: Record<string, string | null>;
}

/** A user who has logged in with a key, and sends requests with proofs. */
export class BoundSession {
  readonly gateway: ReachableGateway;
  readonly client: DpopClient;
  tokens: Tokens;

  constructor(gateway: ReachableGateway, client: DpopClient, tokens: Tokens) {
    this.gateway = gateway;
    this.client = client;
    this.tokens = tokens;
  }

  get claims(): AccessClaims {
    return decodeJwt<AccessClaims>(this.tokens.access_token);
  }

  /** A proof for a request with the access token. */
  proof(method: string, path: string, changes: ProofChanges = {}): string {
    const [target = ''] = path.split('?');
    return this.client.proof(
      method,
      this.gateway.settings.issuer + target,
      this.tokens.access_token,
      changes,
    );
  }

  /** Sends a request with the access token and a proof: a GET unless it says otherwise. */
  request(path: string, { method = 'GET', body, headers = {}, ...changes }: BoundRequest = {}) {
    const all: Record<string, string | null> = {
      authorization: `DPoP ${this.tokens.access_token}`,
      dpop: this.proof(method, path, changes),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    };
    const present = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
    return fetch(this.gateway.url + path, {
      method,
      headers: present,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Sends the refresh token with a proof of a client, by default the session's. */
  refresh(client: DpopClient | undefined = this.client, changes: ProofChanges = {}): Promise<Response> {
    const path = '/auth/refresh';
    const dpop = client?.proof('POST', this.gateway.settings.issuer + path, undefined, changes);
    const body = { refresh_token: this.tokens.refresh_token };
    return postJson(this.gateway.url + path, body, dpop === undefined ? {} : { dpop });
  }
}

/** Sends a login with a proof. */
export function sendBoundLogin(
  gateway: ReachableGateway,
  client: DpopClient,
  username = 'bob',
  { transport, ...changes }: ProofChanges & { transport?: 'cookie' } = {},
): Promise<Response> {
  const path = '/auth/login';
  const password = DEMO_USERS.find((demo) => demo.username === username)?.password;
  const dpop = client.proof('POST', gateway.settings.issuer + path, undefined, changes);
  const origin = new URL(gateway.settings.issuer).origin;
  const headers = { dpop, ...(transport === undefined ? {} : { origin }) };
  return postJson(gateway.url + path, { username, password, transport }, headers);
}

/** Logs a demo user in with a key. @throws if the gateway refuses */
export async function logInBound(
  gateway: ReachableGateway,
  username = 'bob',
  client = new DpopClient(),
): Promise<BoundSession> {
  const response = await sendBoundLogin(gateway, client, username);
  if (response.status !== 200)
    throw new Error(`the login failed with ${response.status}: ${await response.text()}`);
  return new BoundSession(gateway, client, (await response.json()) as Tokens);
}
