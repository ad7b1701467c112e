import { test as base } from 'vitest';
import { addClient, type NewClient } from '../../src/clients/clients.ts';
import type { ServiceUse } from '../../src/clients/stored-client.ts';
import { DEMO_USERS } from '../../src/dev/demo-users.ts';
import type { Logger } from '../../src/log.ts';
import { auditRecords as recordsIn } from '../audit/audit-records.ts';
import { postJson, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';

/** A gateway whose issuer is its own URL, so that OAuth clients can discover it. */
export async function startOauthGateway(
  env: Record<string, string> = {},
  log?: Logger,
): Promise<TestGateway> {
  const port = await freePort();
  return startTestGateway({ GATEWAY_PORT: String(port), ISSUER: `http://127.0.0.1:${port}`, ...env }, log);
}

interface OauthTestOptions {
  uses?: ServiceUse[];
  log?: Logger;
}

/** A `test` with such a gateway (`gateway`) and a registered client (`client`) for the whole file. */
export const oauthTest = (env: Record<string, string> = {}, { uses, log }: OauthTestOptions = {}) =>
  base
    .extend('gateway', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestGateway> => {
      const gateway = await startOauthGateway(env, log);
      onCleanup(() => gateway.close());
      return gateway;
    })
    .extend('client', { scope: 'file' }, ({ gateway }): Promise<NewClient> => register(gateway, uses));

export const register = (
  gateway: TestGateway,
  uses: ServiceUse[] = ['revoke', 'introspect'],
): Promise<NewClient> => addClient(gateway.link, { name: 'a service', uses }, new Date());

export interface Tokens {
  access_token: string;
  refresh_token: string;
  session_id: string;
}

/** Logs a demo user in. */
export async function tokensOf(gateway: TestGateway, username = 'bob'): Promise<Tokens> {
  const password = DEMO_USERS.find((demo) => demo.username === username)?.password;
  const response = await postJson(`${gateway.url}/auth/login`, { username, password });
  return (await response.json()) as Tokens;
}

export const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

/** Posts a form. Pairs can repeat a name. */
export const postForm = (
  url: string,
  form: Record<string, string> | [string, string][],
  headers: Record<string, string> = {},
): Promise<Response> => fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) });

/** Introspects a token as a registered client. */
export async function introspected(
  gateway: TestGateway,
  { id, secret }: NewClient,
  token: string,
  more: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const response = await postForm(`${gateway.url}/oauth/introspect`, { token, ...more }, basic(id, secret));
  if (response.status !== 200) throw new Error(`introspection responded with ${response.status}`);
  return (await response.json()) as Record<string, unknown>;
}

/** The audit records, oldest first. */
export const auditRecords = async (gateway: TestGateway): Promise<Record<string, unknown>[]> =>
  (await recordsIn(gateway.link)).map((record) => ({ ...record }));
