import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { RedisUnavailable } from '../redis/connection.ts';
import { Refusal } from '../refusal.ts';
import { PasswordQueueFull } from '../users/passwords.ts';
import {
  type AdmissionParts,
  type Admitted,
  admitted,
  letThrough,
  loggedIn,
} from './pipeline/authenticate.ts';
import type { Policy } from './pipeline/policy.ts';
import type { AssertionSource } from './proxy/assertions.ts';
import { headersForBank } from './proxy/headers.ts';
import type { BankProxy } from './proxy/proxy.ts';
import { type Arrival, refuse } from './request-context.ts';
import { routeAdmin } from './routes/admin/admin.ts';
import type { AdminAccessParts } from './routes/admin/user-access.ts';
import type { ApiDescription } from './routes/api-description.ts';
import { type LoginParts, login } from './routes/auth/login.ts';
import { logout } from './routes/auth/logout.ts';
import { changePassword } from './routes/auth/password.ts';
import { askReset, confirmReset } from './routes/auth/password-reset.ts';
import { type RefreshParts, refresh } from './routes/auth/refresh.ts';
import { type RegisterParts, register } from './routes/auth/register.ts';
import { type HealthParts, livez, readyz } from './routes/health.ts';
import { type IntrospectParts, introspect } from './routes/oauth/introspect.ts';
import { jwks, type KeysParts } from './routes/oauth/jwks.ts';
import { METADATA_ROUTE, metadata } from './routes/oauth/metadata.ts';
import { revoke } from './routes/oauth/revoke.ts';
import { token } from './routes/oauth/token.ts';
import { currentSession } from './routes/sessions/current.ts';
import { readData, removeData, type SessionDataParts, writeData } from './routes/sessions/data.ts';
import { type SessionEventsParts, sessionEvents } from './routes/sessions/events.ts';
import { endOwnSession, endOwnSessions, ownSessions } from './routes/sessions/sessions.ts';
import { routeWebApp } from './routes/web-app.ts';
import { publish } from './static/asset.ts';
import type { WebBuild } from './static/web-build.ts';

export const BANK_PREFIX = '/bank';

export interface GatewayParts
  extends AdmissionParts,
    LoginParts,
    RefreshParts,
    IntrospectParts,
    SessionDataParts,
    SessionEventsParts,
    RegisterParts,
    AdminAccessParts,
    KeysParts,
    HealthParts {
  policy: Policy;
  assertionFor: AssertionSource;
  proxy: BankProxy;
  api: ApiDescription | undefined;
  web: WebBuild | undefined;
}

/** The gateway's routes. The way of a proxied request is `listen`, the stages of `admitted`, then `passOn`. */
export function createApp(parts: GatewayParts): Hono<{ Bindings: Arrival }> {
  const app = new Hono<{ Bindings: Arrival }>();
  app.all('/bank/*', admitted(parts, passOn(parts)));
  app.post('/auth/login', login(parts));
  app.post('/auth/register', register(parts));
  app.post('/auth/password', loggedIn(parts, changePassword(parts)));
  app.post('/auth/password-reset', askReset(parts));
  app.post('/auth/password-reset/confirm', confirmReset(parts));
  app.post('/auth/logout', loggedIn(parts, logout(parts)));
  app.post('/auth/refresh', refresh(parts));
  app.get('/auth/session', loggedIn(parts, currentSession(parts)));
  app.get('/auth/session/events', admitted(parts, sessionEvents(parts)));
  app.get('/auth/session/data/:key', loggedIn(parts, readData(parts)));
  app.put('/auth/session/data/:key', loggedIn(parts, writeData(parts)));
  app.delete('/auth/session/data/:key', loggedIn(parts, removeData(parts)));
  app.get('/auth/sessions', loggedIn(parts, ownSessions(parts)));
  app.delete('/auth/sessions', loggedIn(parts, endOwnSessions(parts)));
  app.delete('/auth/sessions/:sid', loggedIn(parts, endOwnSession(parts)));
  app.post('/oauth/token', token(parts));
  app.post('/oauth/revoke', revoke(parts));
  app.post('/oauth/introspect', introspect(parts));
  app.get(METADATA_ROUTE, metadata(parts));
  app.get('/.well-known/jwks.json', jwks(parts));
  routeAdmin(app, parts);
  if (parts.api !== undefined) {
    app.get('/openapi.json', publish(parts.api.openapi));
    app.get('/docs', publish(parts.api.docs));
  }
  if (parts.web !== undefined) routeWebApp(app, parts.web);
  app.get('/livez', livez);
  app.get('/readyz', readyz(parts));
  app.notFound((c) => refuse(c.env, new Refusal('route_unknown')));
  app.onError((fault, c) => answerFault(fault, c.env));
  return app;
}

/** The route of `/bank/**` by itself, without Hono. It never rejects. */
export function createBankRoute(parts: GatewayParts): (arrival: Arrival) => Promise<Response> {
  const route = admitted(parts, passOn(parts));
  return (arrival) => route({ env: arrival }).catch((fault) => answerFault(fault, arrival));
}

/** The last two stages: may this user do this, and if so the bank answers. */
const passOn =
  (parts: GatewayParts) =>
  async (c: { env: Arrival }, { claims, kid, standing }: Admitted): Promise<Response> => {
    const { policy, assertionFor, proxy, site, openAnswers, underWay } = parts;
    const { incoming, outgoing, requestId, strictTransport, clientAddress, nowMs } = c.env;
    const path = c.env.path.slice(BANK_PREFIX.length);
    const refusal = policy(incoming.method ?? '', path, standing);
    if (refusal !== undefined) return refuse(c.env, refusal, claims);
    if (!underWay.begin(claims.sub, outgoing))
      return refuse(c.env, new Refusal('too_many_under_way'), claims);
    const assertion = await assertionFor(claims, standing, nowMs);
    letThrough(parts, c.env, claims);
    proxy.forward({
      incoming,
      outgoing,
      target: (incoming.url ?? '').slice(BANK_PREFIX.length),
      headers: headersForBank(incoming, { assertion, clientAddress, requestId, site }),
      requestId,
      strictTransport,
      onRefusal: (bankRefusal) => refuse(c.env, bankRefusal, claims),
      onLongAnswer: (end) =>
        openAnswers.watch(outgoing, { claims, kid: kid(), standing, address: clientAddress }, end),
    });
    return RESPONSE_ALREADY_SENT;
  };

/** Faults are never the reason to let somebody in, and only a fault of ours is a 500. */
function answerFault(fault: Error, arrival: Arrival): Response {
  if (arrival.incoming.destroyed && !arrival.incoming.complete) return RESPONSE_ALREADY_SENT;
  if (fault instanceof PasswordQueueFull) return refuse(arrival, new Refusal('password_queue_full'));
  arrival.log.error({ err: fault, requestId: arrival.requestId }, 'a request met a fault');
  return refuse(arrival, new Refusal(fault instanceof RedisUnavailable ? 'redis_unavailable' : 'fault'));
}
