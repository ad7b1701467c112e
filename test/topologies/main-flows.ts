import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect } from 'vitest';
import { verifyAudit } from '../../src/audit/verify.ts';
import { readEvents } from '../bank/event-reader.ts';
import { bearer } from '../support/gateway.ts';
import { send } from '../support/requests.ts';
import { logIn, refreshed, statusOf } from '../support/sessions.ts';
import type { TopologyStack } from '../support/topology-stack.ts';

const REVOKED = { status: 401, body: { code: 'token_revoked' } };

/**
 * What users and staff do, on any topology of Redis: what one gateway has answered holds at the other at once. Each flow
 * leaves the users as they were.
 */
export const MAIN_FLOWS: Readonly<Record<string, (stack: TopologyStack) => Promise<void>>> = {
  'a login at one gateway opens the upstream through the other': async ({ urls: [one, other], accounts }) => {
    const { access_token: token } = await logIn(one);
    const response = await send(`${other}/bank/accounts`, 'GET', { token });
    expect(response).toMatchObject({ status: 200, body: { accounts: [{ id: accounts.bob }] } });
  },

  'a transfer that is sent twice with one key moves the money once': async ({ urls, accounts }) => {
    const { access_token: token } = await logIn(urls[0]);
    const balance = async (): Promise<number> => {
      const { body } = await send(`${urls[0]}/bank/accounts/${accounts.bob}`, 'GET', { token });
      return Number(body.balanceMinor);
    };
    const before = await balance();
    const key = crypto.randomUUID();
    for (const url of urls) {
      const response = await fetch(`${url}/bank/accounts/${accounts.bob}/transfers`, {
        method: 'POST',
        headers: { ...bearer(token), 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ to: accounts.alice, amountMinor: 125, description: 'Rent' }),
      });
      expect(response.status).toBe(201);
    }
    expect(await balance()).toBe(before - 125);
  },

  'a refresh at one gateway renews a session of the other': async ({ urls: [one, other] }) => {
    const tokens = await logIn(one);
    const renewed = await refreshed(other, tokens.refresh_token);
    expect(renewed.session_id).toBe(tokens.session_id);
    expect(await statusOf(one, renewed.access_token)).toBe(200);
  },

  'a logout at one gateway revokes the token at the other': async ({ urls: [one, other] }) => {
    const { access_token: token } = await logIn(one);
    expect((await send(`${one}/auth/logout`, 'POST', { token })).status).toBe(204);
    expect(await send(`${other}/bank/accounts`, 'GET', { token })).toMatchObject(REVOKED);
  },

  'a user who is blocked at one gateway is rejected at the other': async ({ urls: [one, other], users }) => {
    const { access_token: staff } = await logIn(one, 'root');
    const { access_token: token } = await logIn(one, 'alice');
    const act = (name: string) =>
      send(`${one}/admin/users/${idOf(users, 'alice')}/${name}`, 'POST', { token: staff });
    expect((await act('block')).status).toBe(200);
    expect(await send(`${other}/bank/accounts`, 'GET', { token })).toMatchObject(REVOKED);
    expect((await act('unblock')).status).toBe(200);
  },

  'a change of role at one gateway applies to the next request at the other': async ({ urls, users }) => {
    const [one, other] = urls;
    const { access_token: staff } = await logIn(one, 'root');
    const { access_token: token } = await logIn(one, 'ada');
    const give = (role: string) =>
      send(`${one}/admin/users/${idOf(users, 'ada')}/role`, 'PUT', { token: staff, body: { role } });
    expect((await send(`${other}/admin/audit?limit=1`, 'GET', { token })).status).toBe(200);
    expect((await give('supervisor')).status).toBe(200);
    expect((await send(`${other}/auth/session`, 'GET', { token })).body).toMatchObject({
      role: 'supervisor',
    });
    expect((await give('admin')).status).toBe(200);
  },

  'a stream of one gateway ends when its session ends at the other': async ({
    urls: [one, other],
    accounts,
  }) => {
    const { access_token: token } = await logIn(one);
    const reader = await readEvents(`${other}/bank/accounts/${accounts.bob}/stream`, bearer(token));
    expect(reader.response.statusCode).toBe(200);
    const closed = new Promise((resolve) => reader.response.once('close', resolve));
    expect((await send(`${one}/auth/logout`, 'POST', { token })).status).toBe(204);
    await closed;
  },

  'both gateways publish the key that signed a token': async ({ urls }) => {
    const { access_token: token } = await logIn(urls[0]);
    for (const url of urls) {
      const { body } = await send(`${url}/.well-known/jwks.json`, 'GET');
      expect(body.keys).toContainEqual(expect.objectContaining({ kid: decodeProtectedHeader(token).kid }));
    }
  },

  'the audit log has a login at one gateway and is whole': async ({ urls: [one, other], store }) => {
    const { access_token: token } = await logIn(one);
    const { access_token: staff } = await logIn(other, 'ada');
    const { body } = await send(`${other}/admin/audit?limit=5`, 'GET', { token: staff });
    expect(body.records).toContainEqual(
      expect.objectContaining({ action: 'login', result: 'done', actor: decodeJwt(token).sub }),
    );
    for (const log of ['security', 'customers'] as const)
      expect((await verifyAudit(store, log)).fault).toBeUndefined();
  },
};

const idOf = (users: TopologyStack['users'], username: string): string => {
  const user = users.find((one) => one.username === username);
  if (user === undefined) throw new Error(`there is no demo user ${username}`);
  return user.id;
};
