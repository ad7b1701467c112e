import { decodeJwt } from 'jose';
import { describe, expect } from 'vitest';
import { addLoginClient, removeClient } from '../../src/clients/clients.ts';
import type { ClientBinding, RegisteredClient } from '../../src/clients/stored-client.ts';
import { DEMO_USERS } from '../../src/dev/demo-users.ts';
import { DpopClient } from '../support/dpop.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { bearer, postJson, problemOf, type TestGateway } from '../support/gateway.ts';
import { auditRecords, postForm, register, type Tokens } from './oauth-gateway.ts';

const bob = DEMO_USERS.find(({ username }) => username === 'bob');
const CREDENTIALS = { username: 'bob', password: bob?.password };

const registerApp = (gateway: TestGateway, boundTo?: ClientBinding): Promise<RegisteredClient> =>
  addLoginClient(gateway.link, { name: 'an app', boundTo }, new Date());

const logIn = (
  gateway: TestGateway,
  client_id: string | undefined,
  headers: Record<string, string> = {},
  password = CREDENTIALS.password,
): Promise<Response> =>
  postJson(`${gateway.url}/auth/login`, { ...CREDENTIALS, password, client_id }, headers);

async function tokensFor(gateway: TestGateway, clientId?: string): Promise<Tokens> {
  const response = await logIn(gateway, clientId);
  expect(response.status).toBe(200);
  return (await response.json()) as Tokens;
}

const refresh = (gateway: TestGateway, { refresh_token }: Tokens): Promise<Response> =>
  postJson(`${gateway.url}/auth/refresh`, { refresh_token });

const refreshAsClient = (gateway: TestGateway, client_id: string, { refresh_token }: Tokens) =>
  postForm(`${gateway.url}/oauth/token`, { grant_type: 'refresh_token', client_id, refresh_token });

const clientIdOf = async (response: Response): Promise<unknown> =>
  decodeJwt(((await response.json()) as Tokens).access_token).client_id;

const test = gatewayTest().extend('app', { scope: 'file' }, ({ gateway }) => registerApp(gateway));

describe('a login with a `client_id`', () => {
  test("gets a session of the registered app, whose refreshes keep the app's id", async ({
    gateway,
    app,
  }) => {
    const tokens = await tokensFor(gateway, app.id);
    expect(decodeJwt(tokens.access_token).client_id).toBe(app.id);
    const refreshed = await refresh(gateway, tokens);
    const next = (await refreshed.clone().json()) as Tokens;
    expect(await clientIdOf(refreshed)).toBe(app.id);
    expect(await clientIdOf(await refreshAsClient(gateway, app.id, next))).toBe(app.id);
  });

  test('is recorded with the id of the app', async ({ gateway, app }) => {
    const { session_id } = await tokensFor(gateway, app.id);
    const records = (await auditRecords(gateway)).filter(({ session }) => session === session_id);
    expect(records).toMatchObject([{ action: 'login', result: 'done', detail: `client: ${app.id}` }]);
  });

  test('is one of the web app if it names the web app, and without an id', async ({ gateway }) => {
    for (const id of [undefined, 'portcullis-web'])
      expect(await clientIdOf(await logIn(gateway, id))).toBe('portcullis-web');
  });

  test.for([
    ['of nobody', '0'.repeat(32), ['hget']],
    ['in another form', 'my-app', []],
  ] as const)(
    '%s is refused before the password is looked at',
    async ([_what, id, commands], { gateway }) => {
      expect(
        await gateway.redis.commandsDuring(async () => {
          const refused = await logIn(gateway, id);
          expect(await problemOf(refused)).toEqual({ status: 400, code: 'client_invalid' });
        }),
      ).toEqual(commands);
    },
  );

  test('of a client with a secret is refused', async ({ gateway }) => {
    const { id } = await register(gateway);
    expect(await problemOf(await logIn(gateway, id))).toEqual({ status: 400, code: 'client_invalid' });
  });
});

describe('an app that requires DPoP', () => {
  test('gets no session without a proof: the password is not looked at, and no failure is counted', async ({
    gateway,
  }) => {
    const { id } = await registerApp(gateway, 'dpop');
    for (const password of [CREDENTIALS.password, 'wrong'])
      expect(
        await gateway.redis.commandsDuring(async () => {
          const refused = await logIn(gateway, id, {}, password);
          expect(await problemOf(refused)).toEqual({ status: 403, code: 'binding_required' });
        }),
      ).toEqual(['hget']);
  });

  test('gets a session that is bound to the key of the proof', async ({ gateway }) => {
    const { id } = await registerApp(gateway, 'dpop');
    const key = new DpopClient();
    const dpop = key.proof('POST', `${gateway.settings.issuer}/auth/login`);
    const response = await logIn(gateway, id, { dpop });
    const { access_token, ...rest } = (await response.json()) as Tokens & { token_type: string };
    expect(rest.token_type).toBe('DPoP');
    expect(decodeJwt(access_token)).toMatchObject({ client_id: id, cnf: { jkt: key.jkt } });
  });
});

describe('a refresh token at the token endpoint', () => {
  const INVALID_GRANT = { error: 'invalid_grant', code: 'refresh_token_invalid' };

  test('is not exchanged for another registered client, and is not used up by that', async ({
    gateway,
    app,
  }) => {
    const other = await registerApp(gateway);
    const tokens = await tokensFor(gateway, app.id);
    const refused = await refreshAsClient(gateway, other.id, tokens);
    expect([refused.status, await refused.json()]).toMatchObject([400, INVALID_GRANT]);
    // Used up, it could be exchanged again only within the grace window, and then as a crossing.
    gateway.advanceClock(60_000);
    expect((await refreshAsClient(gateway, app.id, tokens)).status).toBe(200);
  });

  test('of the web app is not exchanged for a registered client, nor the reverse', async ({
    gateway,
    app,
  }) => {
    const [own, apps] = [await tokensFor(gateway), await tokensFor(gateway, app.id)];
    for (const [clientId, tokens] of [
      [app.id, own],
      ['portcullis-web', apps],
    ] as const) {
      const refused = await refreshAsClient(gateway, clientId, tokens);
      expect([refused.status, await refused.json()]).toMatchObject([400, INVALID_GRANT]);
    }
    expect((await refresh(gateway, own)).status).toBe(200);
    expect((await refresh(gateway, apps)).status).toBe(200);
  });

  test('is not exchanged for a client that does not exist or is not registered for logins', async ({
    gateway,
    app,
  }) => {
    const tokens = await tokensFor(gateway, app.id);
    const service = await register(gateway);
    for (const id of ['0'.repeat(32), 'my-app', service.id]) {
      const refused = await refreshAsClient(gateway, id, tokens);
      const body = { error: 'invalid_client', code: 'client_invalid' };
      expect([refused.status, await refused.json()]).toMatchObject([401, body]);
    }
    expect((await refresh(gateway, tokens)).status).toBe(200);
  });
});

test('once an app has been removed, none of its sessions can be refreshed, and those of others can', async ({
  gateway,
}) => {
  const app = await registerApp(gateway);
  const [own, apps] = [await tokensFor(gateway), await tokensFor(gateway, app.id)];
  await removeClient(gateway.link, app.id);

  expect(await problemOf(await refresh(gateway, apps))).toEqual({
    status: 401,
    code: 'refresh_token_invalid',
  });
  const refused = await refreshAsClient(gateway, app.id, apps);
  expect(await problemOf(refused)).toEqual({ status: 401, code: 'client_invalid' });
  expect(await problemOf(await logIn(gateway, app.id))).toEqual({ status: 400, code: 'client_invalid' });
  expect((await refresh(gateway, own)).status).toBe(200);
  // The user can still end it, and its access token is valid until it expires.
  const headers = bearer(apps.access_token);
  expect((await fetch(`${gateway.url}/auth/session`, { headers })).status).toBe(200);
  expect((await fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers })).status).toBe(204);
});
