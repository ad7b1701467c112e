import type { RedisAuditLog } from '../audit/audit-log.ts';
import { auditLimits } from '../audit/logs.ts';
import type { GatewaySettings } from '../config/load.ts';
import type { Stopping } from '../http/stopping.ts';
import type { OpenRing } from '../keys/open.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Outbox } from '../mail/outbox.ts';
import type { ServerMonitor } from '../redis/server/monitor.ts';
import type { RedisStore } from '../redis/store.ts';
import { ActivityTracker } from '../sessions/activity.ts';
import type { PasswordRules } from '../users/password-rules.ts';
import type { PasswordHasher } from '../users/passwords.ts';
import type { Revocations } from '../users/revocations/revocations.ts';
import { accountDeps } from './account-deps.ts';
import type { RouteDeps } from './app.ts';
import type { Readiness } from './edge/readiness.ts';
import type { GatewayMetricsSources } from './metrics/gateway-metrics.ts';
import { ConcurrencyLimiter } from './pipeline/limits.ts';
import type { OwnBodyLimits } from './pipeline/own-body.ts';
import type { PipelineDeps } from './pipeline/pipeline.ts';
import { createPolicy, type PolicyRule } from './pipeline/policy.ts';
import { possessionDeps } from './pipeline/possession.ts';
import { createRevocationVerifier, createTokenVerifier } from './pipeline/signature.ts';
import { createAssertionSource } from './proxy/assertions.ts';
import { HeldBodies } from './proxy/held-bodies.ts';
import type { LiveResponses } from './proxy/live-responses.ts';
import type { UpstreamProxy } from './proxy/proxy.ts';
import { createUpstreamHeaders } from './proxy/request-headers.ts';
import { createClientHeaders } from './proxy/response-headers.ts';
import { clientLimiters, loginDeps, passwordQueue, registrationDeps } from './rate-limits.ts';
import type { RequestRates } from './rates/request-rates.ts';
import type { SharedLimits } from './shares/exchange.ts';
import { siteOf } from './site.ts';

/** What the gateway has opened and has to close. */
export interface Resources {
  redis: RedisStore;
  monitor: ServerMonitor;
  revocations: Revocations;
  readiness: Readiness;
  audit: RedisAuditLog;
  ring: OpenRing;
  refreshKey: Uint8Array;
  hasher: PasswordHasher;
  passwordRules: PasswordRules;
  proxy: UpstreamProxy;
  liveResponses: LiveResponses;
  rates: RequestRates;
  /** Limits that are shared with other workers, if there are any. */
  sharedLimits: SharedLimits | undefined;
  mailer: Mailer | undefined;
  outbox: Outbox | undefined;
  stopping: Stopping;
  /** The clock, in milliseconds since the epoch. */
  now: () => number;
}

export function pipelineDeps(
  settings: GatewaySettings,
  rules: readonly PolicyRule[],
  { redis, audit, ring, refreshKey, proxy, liveResponses, rates, sharedLimits, now }: Resources,
): PipelineDeps {
  const site = siteOf(settings.issuer, settings.publicUrls);
  const limiter = (name: string, max: number, pool: number) =>
    new ConcurrencyLimiter(max, sharedLimits?.held(name, max), pool);
  return {
    site,
    upstreamHeaders: createUpstreamHeaders(site, settings.forwardHeaders),
    clientHeaders: createClientHeaders({ ...settings, site }),
    verifyToken: createTokenVerifier(ring, settings),
    possession: possessionDeps(settings, site, refreshKey),
    redis,
    activity: new ActivityTracker(redis, settings.sessionIdleSeconds),
    policy: createPolicy(rules),
    requestLimiter: limiter('requests', settings.bankRequestsPerUserMax, settings.bankConnectionsMax),
    searchLimiter: limiter('searches', settings.searchesPerUserMax, settings.bankConnectionsMax),
    streamLimiter: limiter('streams', settings.bankStreamsPerUserMax, settings.bankStreamsMax),
    heldBodies: new HeldBodies(settings),
    bodyMaxBytes: settings.bodyMaxBytes,
    now,
    assertionFor: createAssertionSource(ring, settings),
    audit,
    proxy,
    liveResponses,
    rates,
  };
}

/** The limits of a body that is sent to an own route, by path. */
export const ownBodyLimits =
  ({ authBodyMaxBytes, sessionDataMaxBytes, ownBodyTimeoutMs: timeoutMs }: GatewaySettings) =>
  (path: string): OwnBodyLimits => ({
    maxBytes: path.startsWith(SESSION_DATA_PREFIX) ? sessionDataMaxBytes : authBodyMaxBytes,
    timeoutMs,
  });

const SESSION_DATA_PREFIX = '/auth/session/data/';

export function routeDeps(
  settings: GatewaySettings,
  { site, verifyToken, possession }: PipelineDeps,
  resources: Resources,
): RouteDeps {
  const { redis, audit, ring, refreshKey, liveResponses, rates } = resources;
  const { sessionDataMaxBytes, idleTimeoutMs, keyPublishLeadSeconds, sessionEventsPerUserMax } = settings;
  const eventStreams = resources.sharedLimits?.held('session-events', sessionEventsPerUserMax);
  const sessions = {
    redis,
    ring,
    refreshKey,
    options: settings,
    site,
    audit,
    verifyToken,
    possession,
    rates,
  };
  const passwords = accountDeps(settings, resources);
  const queue = passwordQueue(settings);
  return {
    auth: {
      ...sessions,
      ...passwords,
      verifyRevocable: createRevocationVerifier(ring, settings),
      ...loginDeps(settings, redis, refreshKey, queue),
      passwordQueue: queue,
      ...registrationDeps(settings, redis),
    },
    sessions: {
      ...sessions,
      sessionDataMaxBytes,
      liveResponses,
      concurrencyLimiter: new ConcurrencyLimiter(sessionEventsPerUserMax, eventStreams),
      idleTimeoutMs,
    },
    oauth: {
      ...sessions,
      clientLimiters: clientLimiters(settings, redis),
      keyPublishLeadSeconds,
    },
    admin: passwords,
    health: { readiness: resources.readiness },
  };
}

/** What the metrics of a gateway read at a scrape. */
export const measuredResources = (
  settings: GatewaySettings,
  { heldBodies }: PipelineDeps,
  { auth: { passwordQueue } }: RouteDeps,
  resources: Resources,
): Omit<GatewayMetricsSources, 'server' | 'requests' | 'eventLoop'> => ({
  ...resources,
  heldBodies,
  passwordQueue,
  auditLimits: auditLimits(settings),
});
