import { decodeJwt } from 'jose';
import { test as base } from 'vitest';
import type { AccessClaims } from '../../src/jwt/access-token.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { bearer, startTestGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import { startTestRedis, type TestRedis } from './redis.ts';
import { startTestStack, type TestStack } from './stack.ts';
import { startUpstream, type Upstream } from './upstream.ts';

type Environment = Record<string, string>;

/**
 * A `test` with a real gateway over a private Redis (`gateway`) in front of an HTTP server that counts requests
 * (`upstream`), and the access token of bob (`token`). They start with the file's first test that uses them and stop
 * after its last one.
 */
export const gatewayTest = (environment: Environment = {}, options: TestGatewayOptions = {}) =>
  base
    .extend('upstream', { scope: 'file' }, async ({}, { onCleanup }): Promise<Upstream> => {
      const upstream = await startUpstream();
      onCleanup(() => upstream.close());
      return upstream;
    })
    .extend('gateway', { scope: 'file' }, async ({ upstream }, { onCleanup }): Promise<TestGateway> => {
      const gateway = await startTestGateway({ BANK_URL: upstream.url, ...environment }, undefined, options);
      onCleanup(() => gateway.close());
      return gateway;
    })
    .extend('token', { scope: 'file' }, ({ gateway }): Promise<string> => gateway.login());

/** A `test` with a private Redis (`redis`) and a connection to it (`link`), for the whole file. */
export const redisTest = base
  .extend('redis', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestRedis> => {
    const redis = await startTestRedis();
    onCleanup(() => redis.stop());
    return redis;
  })
  .extend('link', { scope: 'file' }, async ({ redis }, { onCleanup }): Promise<RedisLink> => {
    const link = new RedisLink({ url: redis.url, deadlineMs: 900, log: createLog('cli', 'silent') });
    onCleanup(() => link.close());
    await link.whenReady(30_000);
    return link;
  });

/** A `test` with the real gateway in front of the real bank (`stack`), over one private Redis, for the whole file. */
export const stackTest = (environment: Environment = {}, bankEnvironment: Environment = {}) =>
  base.extend('stack', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestStack> => {
    const stack = await startTestStack(environment, bankEnvironment);
    onCleanup(() => stack.close());
    return stack;
  });

/** A logged-in user who sends requests with the access token. */
export interface LoggedInUser {
  token: string;
  claims: AccessClaims;
  /** Sends a request with the token: a GET unless `init` says otherwise. */
  request(path: string, init?: RequestInit): Promise<Response>;
  logOut(): Promise<Response>;
}

/** Logs a demo user in at a gateway. */
export async function logInAs(gateway: TestGateway, username: string): Promise<LoggedInUser> {
  const token = await gateway.login(username);
  const request = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(gateway.url + path, { ...init, headers: { ...init.headers, ...bearer(token) } });
  return {
    token,
    claims: decodeJwt<AccessClaims>(token),
    request,
    logOut: () => request('/auth/logout', { method: 'POST' }),
  };
}
