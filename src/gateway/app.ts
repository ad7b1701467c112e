import type { IncomingMessage } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
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
import { type AdminDeps, routeAdmin } from './routes/admin/routes.ts';
import { type LoginDeps, login } from './routes/auth/login.ts';
import { logout } from './routes/auth/logout.ts';
import { changePassword } from './routes/auth/password.ts';
import {
  confirmPasswordReset,
  type PasswordResetDeps,
  requestPasswordReset,
} from './routes/auth/password-reset.ts';
import { type RefreshDeps, refresh } from './routes/auth/refresh.ts';
import { type RegisterDeps, register } from './routes/auth/register.ts';
import { type HealthDeps, livez, readyz } from './routes/health.ts';
import { type IntrospectDeps, introspect } from './routes/oauth/introspect.ts';
import { revoke } from './routes/oauth/revoke.ts';
import { token } from './routes/oauth/token.ts';
import { JWKS_PATH, jwks, type KeysDeps, METADATA_ROUTE, metadata } from './routes/oauth/well-known.ts';
import { currentSession } from './routes/sessions/current.ts';
import { readData, removeData, type SessionDataDeps, writeData } from './routes/sessions/data.ts';
import { type SessionEventsDeps, sessionEvents } from './routes/sessions/events.ts';
import { endOwnSession, endOwnSessions, listOwnSessions } from './routes/sessions/own-sessions.ts';
import { routeStatic, type StaticDeps } from './routes/static.ts';

type App = Hono<{ Bindings: RequestContext }>;

export interface GatewayDeps
  extends AuthenticationDeps,
    LoginDeps,
    RefreshDeps,
    IntrospectDeps,
    SessionDataDeps,
    SessionEventsDeps,
    RegisterDeps,
    PasswordResetDeps,
    AdminDeps,
    KeysDeps,
    HealthDeps,
    StaticDeps {
  policy: Policy;
  assertionFor: AssertionSource;
  proxy: UpstreamProxy;
}

/** The gateway's own routes. Requests for the upstream take `pipeline/pipeline.ts` instead. */
export function createApp({ authentication, routes, api, web }: AppDeps): App {
  const app: App = new Hono();
  routeAuth(app, authentication, routes.auth);
  routeSessions(app, authentication, routes.sessions);
  routeOauth(app, routes.oauth);
  routeAdmin(app, { ...authentication, ...routes.admin });
  if (api !== undefined) {
    app.get('/openapi.json', serveAsset(api.openapi));
    app.get('/docs', serveAsset(api.docs));
  }
  if (web !== undefined) routeWebApp(app, web);
  app.get('/livez', livez);
  app.get('/readyz', readyz(routes.health));
  app.notFound((c) => refuse(c.env, new Refusal('route_unknown')));
  app.onError((fault, c) => refuseFault(c.env, fault));
  return app;
}

function routeAuth(app: App, authentication: AuthenticationDeps, deps: RouteDeps['auth']): void {
  app.post('/auth/login', login(deps));
  app.post('/auth/register', register(deps));
  app.post('/auth/password', requireSession(deps, changePassword(deps)));
  app.post('/auth/password-reset', requestPasswordReset(deps));
  app.post('/auth/password-reset/confirm', confirmPasswordReset(deps));
  app.post('/auth/logout', requireSession(deps, logout(deps)));
  app.post('/auth/refresh', refresh(deps));
  app.get('/auth/session', requireSession(deps, currentSession(deps)));
  app.get('/auth/session/events', authenticated(deps, sessionEvents(deps)));
  app.get('/auth/session/data/:key', requireSession(deps, readData(deps)));
  app.put('/auth/session/data/:key', requireSession(deps, writeData(deps)));
  app.delete('/auth/session/data/:key', requireSession(deps, removeData(deps)));
  app.get('/auth/sessions', requireSession(deps, listOwnSessions(deps)));
  app.delete('/auth/sessions', requireSession(deps, endOwnSessions(deps)));
  app.delete('/auth/sessions/:sid', requireSession(deps, endOwnSession(deps)));
  app.post('/oauth/token', token(deps));
  app.post('/oauth/revoke', revoke(deps));
  app.post('/oauth/introspect', introspect(deps));
  app.get(METADATA_ROUTE, metadata(deps));
  app.get(JWKS_PATH, jwks(deps));
  routeAdmin(app, deps);
  routeStatic(app, deps);
  app.get('/livez', livez);
  app.get('/readyz', readyz(deps));
  app.notFound((c) => refuse(c.env, new Refusal('route_unknown')));
  app.onError((fault, c) => answerFault(fault, c.env));
  return app;
}

/** Runs the app for requests that have passed the edge. */
export function createAppHandler(app: App): (context: RequestContext) => void {
  const contexts = new WeakMap<IncomingMessage, RequestContext>();
  const listener = getRequestListener(
    (request, { incoming }) => app.fetch(request, contexts.get(incoming as IncomingMessage)),
    { overrideGlobalObjects: false },
  );
  return (context) => {
    const { incoming, outgoing, strictTransport } = context;
    outgoing.setHeader('cache-control', 'no-store');
    if (strictTransport !== undefined) outgoing.setHeader(STRICT_TRANSPORT, strictTransport);
    contexts.set(incoming, context);
    void listener(incoming, outgoing);
  };
}
