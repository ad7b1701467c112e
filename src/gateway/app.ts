import type { IncomingMessage } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { Refusal } from '../refusal.ts';
import { refuse, refuseFault } from './decision-log.ts';
import { requireSession, requireToken } from './pipeline/guards.ts';
import type { AuthenticationDeps } from './pipeline/pipeline.ts';
import type { RequestContext } from './request-context.ts';
import { routeAdmin } from './routes/admin/admin.ts';
import type { UserAccessDeps } from './routes/admin/user-access.ts';
import type { ApiDescription } from './routes/api-description.ts';
import { type LoginDeps, login } from './routes/auth/login.ts';
import { logout } from './routes/auth/logout.ts';
import { changePassword } from './routes/auth/password.ts';
import { askReset, confirmReset, type PasswordResetDeps } from './routes/auth/password-reset.ts';
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
import { endOwnSession, endOwnSessions, ownSessions, type SessionsDeps } from './routes/sessions/sessions.ts';
import { routeWebApp } from './routes/web-app.ts';
import { STRICT_TRANSPORT } from './security-headers.ts';
import { serveAsset } from './static/asset.ts';
import type { WebBuild } from './static/web-build.ts';

type App = Hono<{ Bindings: RequestContext }>;

/** What the gateway's own routes need, by the folder that they are in. */
export interface RouteDeps {
  auth: LoginDeps & RefreshDeps & RegisterDeps & PasswordResetDeps;
  sessions: SessionsDeps & SessionDataDeps & SessionEventsDeps;
  oauth: IntrospectDeps & RefreshDeps & KeysDeps;
  admin: UserAccessDeps;
  health: HealthDeps;
}

export interface AppDeps {
  authentication: AuthenticationDeps;
  routes: RouteDeps;
  /** Served at `/openapi.json` and `/docs`. */
  api: ApiDescription | undefined;
  /** Served at `/` and `/assets/`. */
  web: WebBuild | undefined;
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
  app.post('/auth/password', requireSession(authentication, changePassword(deps)));
  app.post('/auth/password-reset', askReset(deps));
  app.post('/auth/password-reset/confirm', confirmReset(deps));
  app.post('/auth/logout', requireSession(authentication, logout(deps)));
  app.post('/auth/refresh', refresh(deps));
}

function routeSessions(app: App, authentication: AuthenticationDeps, deps: RouteDeps['sessions']): void {
  app.get('/auth/session', requireSession(authentication, currentSession(deps)));
  app.get('/auth/session/events', requireToken(authentication, sessionEvents(deps)));
  app.get('/auth/session/data/:key', requireSession(authentication, readData(deps)));
  app.put('/auth/session/data/:key', requireSession(authentication, writeData(deps)));
  app.delete('/auth/session/data/:key', requireSession(authentication, removeData(deps)));
  app.get('/auth/sessions', requireSession(authentication, ownSessions(deps)));
  app.delete('/auth/sessions', requireSession(authentication, endOwnSessions(deps)));
  app.delete('/auth/sessions/:sid', requireSession(authentication, endOwnSession(deps)));
}

function routeOauth(app: App, deps: RouteDeps['oauth']): void {
  app.post('/oauth/token', token(deps));
  app.post('/oauth/revoke', revoke(deps));
  app.post('/oauth/introspect', introspect(deps));
  app.get(METADATA_ROUTE, metadata(deps));
  app.get('/.well-known/jwks.json', jwks(deps));
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
