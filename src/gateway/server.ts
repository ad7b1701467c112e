import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RedisAuditLog } from '../audit/audit-log.ts';
import type { GatewaySettings } from '../config/load.ts';
import { createAccessTokenVerifier } from '../jwt/access-token.ts';
import { keysDirectory, openKeyRing } from '../keys/open.ts';
import { loadOrCreateRefreshKey, readRefreshKey } from '../keys/refresh-key.ts';
import { oncePerRing } from '../keys/ring.ts';
import type { Logger } from '../log.ts';
import { RedisLink } from '../redis/connection.ts';
import { ActivityTracker } from '../sessions/activity.ts';
import { LoginLimiter } from '../users/login-limiter.ts';
import { PasswordHasher } from '../users/passwords.ts';
import { accountDeps, openMailer } from './account-deps.ts';
import { createApp, createBankRoute, type GatewayDeps } from './app.ts';
import { createGatewayServer } from './edge/listen.ts';
import { ConcurrencyLimiter } from './pipeline/concurrency.ts';
import { siteOf } from './pipeline/credential.ts';
import { BANK_RULES, createPolicy, readPolicyFile } from './pipeline/policy.ts';
import { createAssertionSource } from './proxy/assertions.ts';
import { LiveResponses } from './proxy/live-responses.ts';
import { UpstreamProxy } from './proxy/proxy.ts';
import type { ApiDescription } from './routes/api-description.ts';
import type { WebBuild } from './static/web-build.ts';

export interface GatewayOptions {
  settings: GatewaySettings;
  log: Logger;
  /** What `/openapi.json` and `/docs` show; without it there is nothing at either. */
  api?: ApiDescription;
  /** What `/` and `/assets/` show; without it there is nothing at either. */
  web?: WebBuild | undefined;
  /** The clock, in milliseconds since the epoch. */
  now?: () => number;
}

export interface RunningGateway {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  url: string;
  /** Stops taking requests, lets those under way end within `SHUTDOWN_GRACE_MS`, and lets go of everything. */
  close(): Promise<void>;
}

/**
 * Starts the gateway. It listens whether or not Redis is there yet: until it is, the answer is 503.
 * @throws {InvalidKeyError} {@link PolicyRefused} when a key or the policy file can't be used; and when the address
 * can't be listened on. Nothing is left running then.
 */
export async function startGateway({
  settings,
  log,
  api,
  web,
  now = Date.now,
}: GatewayOptions): Promise<RunningGateway> {
  const rules = settings.policyFile === undefined ? BANK_RULES : readPolicyFile(settings.policyFile);
  const refreshKey = await loadRefreshKey(settings);
  await using started = new AsyncDisposableStack();
  const ring = started.adopt(await openKeyRing(settings, log, now()), (open) => open.close());
  const { passwordWorkers: workers, passwordQueueMax: queueMax } = settings;
  const hasher = started.adopt(new PasswordHasher({ workers, queueMax }), (open) => open.close());
  await hasher.decoy();
  const proxy = started.adopt(new UpstreamProxy(settings), (open) => open.close());
  const link = { url: settings.redisUrl, deadlineMs: settings.redisDeadlineMs, log };
  const redis = started.adopt(new RedisLink(link), (open) => open.close());
  const listener = started.adopt(new RedisLink(link), (open) => open.close());
  const liveResponses = started.adopt(new LiveResponses({ redis, listener, ring, log, now }), (open) =>
    open.close(),
  );
  ring.listen(listener, redis);
  const memoSize = settings.signatureMemoSize;
  const verifierAt = oncePerRing(ring, (keys) => createAccessTokenVerifier(keys, settings, memoSize));
  const assertionsAt = oncePerRing(ring, (keys) => createAssertionSource(keys, settings));
  const failureLimits = {
    failuresPerUsername: settings.loginFailuresPerUsername,
    failuresPerAddress: settings.loginFailuresPerAddress,
    windowSeconds: settings.loginFailureWindowSeconds,
  };
  const mailer = started.adopt(openMailer(settings, log), (open) => open?.close());
  const deps: GatewayDeps = {
    api,
    web,
    ...accountDeps(settings, redis),
    mailer,
    redis,
    ring,
    refreshKey,
    liveResponses,
    concurrencyLimiter: new ConcurrencyLimiter(settings.bankRequestsPerUserMax),
    audit: new RedisAuditLog(redis, log, settings.auditRecordsMax),
    activity: new ActivityTracker(redis, settings.sessionIdleSeconds),
    hasher,
    proxy,
    policy: createPolicy(rules),
    options: settings,
    site: siteOf(settings.issuer),
    verifyToken: (token, nowMs) => verifierAt(nowMs)(token, nowMs),
    assertionFor: (claims, authorization, nowMs) => assertionsAt(nowMs)(claims, authorization, nowMs),
    throttle: new LoginLimiter(redis, failureLimits),
    clientThrottle: new LoginLimiter(redis, failureLimits, 'client-'),
    authBodyMaxBytes: settings.authBodyMaxBytes,
    keyPublishLeadSeconds: settings.keyPublishLeadSeconds,
    sessionDataMaxBytes: settings.sessionDataMaxBytes,
    idleTimeoutMs: settings.idleTimeoutMs,
  };
  const server = createGatewayServer({
    app: createApp(deps),
    bankRoute: createBankRoute(deps),
    settings,
    log,
    now,
  });
  const url = await listen(server, settings);
  started.defer(() => drain(server, liveResponses, settings.shutdownGraceMs));
  log.info({ event: 'gateway_listening', url }, 'the gateway listens');
  const running = started.move();
  return { url, close: () => running.disposeAsync() };
}

const loadRefreshKey = async (settings: GatewaySettings): Promise<Uint8Array> =>
  settings.refreshKey === undefined
    ? loadOrCreateRefreshKey(keysDirectory(settings))
    : readRefreshKey(settings.refreshKey);

async function listen(server: Server, { gatewayHost, gatewayPort }: GatewaySettings): Promise<string> {
  server.listen(gatewayPort, gatewayHost);
  await once(server, 'listening');
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function drain(server: Server, liveResponses: LiveResponses, graceMs: number): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  liveResponses.stop();
  const grace = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(grace);
}
