import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { RedisUnavailable } from '../redis/connection.ts';
import { Refusal } from '../refusal.ts';
import { PasswordQueueFull } from '../users/passwords.ts';
import {
  type Authenticated,
  type AuthenticationDeps,
  authenticated,
  recordGrant,
  requireSession,
} from './pipeline/authenticate.ts';
import type { Policy } from './pipeline/policy.ts';
import type { AssertionSource } from './proxy/assertions.ts';
import { headersForUpstream } from './proxy/headers.ts';
import type { UpstreamProxy } from './proxy/proxy.ts';
import { type RequestContext, refuse } from './request-context.ts';
import { routeAdmin } from './routes/admin/admin.ts';
import type { UserAccessDeps } from './routes/admin/user-access.ts';
import type { ApiDescription } from './routes/api-description.ts';
import { type LoginDeps, login } from './routes/auth/login.ts';
import { logout } from './routes/auth/logout.ts';
import { changePassword } from './routes/auth/password.ts';
import { askReset, confirmReset } from './routes/auth/password-reset.ts';
import { type RefreshDeps, refresh } from './routes/auth/refresh.ts';
import { type RegisterDeps, register } from './routes/auth/register.ts';
import { type HealthDeps, livez, readyz } from './routes/health.ts';
import { type IntrospectDeps, introspect } from './routes/oauth/introspect.ts';
import { jwks, type KeysDeps } from './routes/oauth/jwks.ts';
import { METADATA_ROUTE, metadata } from './routes/oauth/metadata.ts';
import { revoke } from './routes/oauth/revoke.ts';
import { token } from './routes/oauth/token.ts';
import { currentSession } from './routes/sessions/current.ts';
import { readData, removeData, type SessionDataDeps, writeData } from './routes/sessions/data.ts';
import { type SessionEventsDeps, sessionEvents } from './routes/sessions/events.ts';
import { endOwnSession, endOwnSessions, ownSessions } from './routes/sessions/sessions.ts';
import { routeWebApp } from './routes/web-app.ts';
import { serveAsset } from './static/asset.ts';
import type { WebBuild } from './static/web-build.ts';

export const BANK_PREFIX = '/bank';

export interface GatewayDeps
  extends AuthenticationDeps,
    LoginDeps,
    RefreshDeps,
    IntrospectDeps,
    SessionDataDeps,
    SessionEventsDeps,
    RegisterDeps,
    UserAccessDeps,
    KeysDeps,
    HealthDeps {
  policy: Policy;
  assertionFor: AssertionSource;
  proxy: UpstreamProxy;
  api: ApiDescription | undefined;
  web: WebBuild | undefined;
}

/** The gateway's routes. The way of a proxied request is `listen`, the stages of `admitted`, then `passOn`. */
export function createApp(deps: GatewayDeps): Hono<{ Bindings: RequestContext }> {
  const app = new Hono<{ Bindings: RequestContext }>();
  app.all('/bank/*', authenticated(deps, passOn(deps)));
  app.post('/auth/login', login(deps));
  app.post('/auth/register', register(deps));
  app.post('/auth/password', requireSession(deps, changePassword(deps)));
  app.post('/auth/password-reset', askReset(deps));
  app.post('/auth/password-reset/confirm', confirmReset(deps));
  app.post('/auth/logout', requireSession(deps, logout(deps)));
  app.post('/auth/refresh', refresh(deps));
  app.get('/auth/session', requireSession(deps, currentSession(deps)));
  app.get('/auth/session/events', authenticated(deps, sessionEvents(deps)));
  app.get('/auth/session/data/:key', requireSession(deps, readData(deps)));
  app.put('/auth/session/data/:key', requireSession(deps, writeData(deps)));
  app.delete('/auth/session/data/:key', requireSession(deps, removeData(deps)));
  app.get('/auth/sessions', requireSession(deps, ownSessions(deps)));
  app.delete('/auth/sessions', requireSession(deps, endOwnSessions(deps)));
  app.delete('/auth/sessions/:sid', requireSession(deps, endOwnSession(deps)));
  app.post('/oauth/token', token(deps));
  app.post('/oauth/revoke', revoke(deps));
  app.post('/oauth/introspect', introspect(deps));
  app.get(METADATA_ROUTE, metadata(deps));
  app.get('/.well-known/jwks.json', jwks(deps));
  routeAdmin(app, deps);
  if (deps.api !== undefined) {
    app.get('/openapi.json', serveAsset(deps.api.openapi));
    app.get('/docs', serveAsset(deps.api.docs));
  }
  if (deps.web !== undefined) routeWebApp(app, deps.web);
  app.get('/livez', livez);
  app.get('/readyz', readyz(deps));
  app.notFound((c) => refuse(c.env, new Refusal('route_unknown')));
  app.onError((fault, c) => answerFault(fault, c.env));
  return app;
}

/** The route of `/bank/**` by itself, without Hono. It never rejects. */
export function createBankRoute(deps: GatewayDeps): (arrival: RequestContext) => Promise<Response> {
  const route = authenticated(deps, passOn(deps));
  return (arrival) => route({ env: arrival }).catch((fault) => answerFault(fault, arrival));
}

/** The last two stages: may this user do this, and if so the bank answers. */
const passOn =
  (deps: GatewayDeps) =>
  async (c: { env: RequestContext }, { claims, kid, authorization }: Authenticated): Promise<Response> => {
    const { policy, assertionFor, proxy, site, liveResponses, concurrencyLimiter } = deps;
    const { incoming, outgoing, requestId, strictTransport, clientAddress, nowMs } = c.env;
    const path = c.env.path.slice(BANK_PREFIX.length);
    const refusal = policy(incoming.method ?? '', path, authorization);
    if (refusal !== undefined) return refuse(c.env, refusal, claims);
    if (!concurrencyLimiter.tryAcquire(claims.sub, outgoing))
      return refuse(c.env, new Refusal('too_many_under_way'), claims);
    const assertion = await assertionFor(claims, authorization, nowMs);
    recordGrant(deps, c.env, claims);
    proxy.forward({
      incoming,
      outgoing,
      target: (incoming.url ?? '').slice(BANK_PREFIX.length),
      headers: headersForUpstream(incoming, { assertion, clientAddress, requestId, site }),
      requestId,
      strictTransport,
      onRefusal: (bankRefusal) => refuse(c.env, bankRefusal, claims),
      onLiveResponse: (end) =>
        liveResponses.watch(outgoing, { claims, kid: kid(), authorization, address: clientAddress }, end),
    });
    return RESPONSE_ALREADY_SENT;
  };

/** Faults are never the reason to let somebody in, and only a fault of ours is a 500. */
function answerFault(fault: Error, arrival: RequestContext): Response {
  if (arrival.incoming.destroyed && !arrival.incoming.complete) return RESPONSE_ALREADY_SENT;
  if (fault instanceof PasswordQueueFull) return refuse(arrival, new Refusal('password_queue_full'));
  arrival.log.error({ err: fault, requestId: arrival.requestId }, 'a request met a fault');
  return refuse(arrival, new Refusal(fault instanceof RedisUnavailable ? 'redis_unavailable' : 'fault'));
}
