import type { IncomingMessage } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { DENY_ALL_CSP } from '../http/problem.ts';
import { Refusal } from '../refusal.ts';
import type { Scope } from '../users/roles.ts';
import { refuse, refuseFault } from './decision-log.ts';
import {
  type AuthenticatedRoute,
  requireScope,
  requireSession,
  requireToken,
  sendWhenDurable,
} from './pipeline/guards.ts';
import { type OwnBodyLimits, type OwnRequestContext, withOwnBody } from './pipeline/own-body.ts';
import type { AuthenticationDeps } from './pipeline/pipeline.ts';
import type { RequestContext } from './request-context.ts';
import { changeEmail, type EmailDeps, readEmail } from './routes/account/email.ts';
import { confirmEmailAddress } from './routes/account/email-confirmation.ts';
import type { AdminActionDeps } from './routes/admin/admin-action.ts';
import { readAudit } from './routes/admin/audit.ts';
import { blockUser, changeRanges, changeRole, logOutUser, unblockUser } from './routes/admin/user-actions.ts';
import { type AdminResetDeps, resetUserPassword } from './routes/admin/user-password.ts';
import { endUserSession, listUserSessions, type UserSessionsDeps } from './routes/admin/user-sessions.ts';
import { type AdminUsersDeps, createUser, getUser, listUsers } from './routes/admin/users.ts';
import { type LoginDeps, login } from './routes/auth/login.ts';
import { type LogoutDeps, logout } from './routes/auth/logout.ts';
import { type RefreshDeps, refresh } from './routes/auth/refresh.ts';
import { type RegisterDeps, register } from './routes/auth/register.ts';
import { type HealthDeps, livez, readyz } from './routes/health.ts';
import { type IntrospectDeps, introspect } from './routes/oauth/introspect.ts';
import { revoke } from './routes/oauth/revoke.ts';
import { token } from './routes/oauth/token.ts';
import { JWKS_PATH, jwks, type KeysDeps, METADATA_ROUTE, metadata } from './routes/oauth/well-known.ts';
import { changePassword, type PasswordDeps } from './routes/password/password.ts';
import { type PasswordResetDeps, requestPasswordReset } from './routes/password/password-reset.ts';
import { readPasswordRules } from './routes/password/password-rules.ts';
import { confirmPasswordReset, type ResetConfirmationDeps } from './routes/password/reset-confirmation.ts';
import { currentSession } from './routes/sessions/current.ts';
import { readData, removeData, type SessionDataDeps, writeData } from './routes/sessions/data.ts';
import { type SessionEventsDeps, sessionEvents } from './routes/sessions/events.ts';
import {
  endOwnSession,
  endOwnSessions,
  listOwnSessions,
  type OwnSessionsDeps,
} from './routes/sessions/own-sessions.ts';
import { routeStatic, type StaticDeps } from './routes/static.ts';
import { STRICT_TRANSPORT } from './security-headers.ts';

type App = Hono<{ Bindings: OwnRequestContext }>;

/** What the gateway's own routes need, by the folder that they are in. */
export interface RouteDeps {
  auth: LoginDeps &
    LogoutDeps &
    RefreshDeps &
    RegisterDeps &
    PasswordDeps &
    PasswordResetDeps &
    ResetConfirmationDeps &
    EmailDeps;
  sessions: OwnSessionsDeps & SessionDataDeps & SessionEventsDeps;
  oauth: IntrospectDeps & RefreshDeps & KeysDeps;
  admin: AdminUsersDeps & AdminActionDeps & AdminResetDeps & UserSessionsDeps;
  health: HealthDeps;
}

export interface AppDeps extends StaticDeps {
  authentication: AuthenticationDeps;
  routes: RouteDeps;
}

/** The gateway's own routes. Requests for the upstream take `pipeline/pipeline.ts` instead. */
export function createApp({ authentication, routes, ...files }: AppDeps): App {
  const app: App = new Hono();
  app.use(sendWhenDurable);
  routeAuth(app, authentication, routes.auth);
  routeSessions(app, authentication, routes.sessions);
  routeOauth(app, routes.oauth);
  routeAdmin(app, authentication, routes.admin);
  routeStatic(app, files);
  app.get('/livez', livez);
  app.get('/readyz', readyz(routes.health));
  app.notFound((c) => refuse(c.env, new Refusal('route_unknown')));
  app.onError((fault, c) => refuseFault(c.env, fault));
  return app;
}

function routeAuth(app: App, authentication: AuthenticationDeps, deps: RouteDeps['auth']): void {
  app.post('/auth/login', login(deps));
  app.post('/auth/register', register(deps));
  app.post('/auth/password', requireSession(authentication, changePassword(deps), 'session-change'));
  app.get('/auth/password-rules', readPasswordRules(deps));
  app.post('/auth/password-reset', requestPasswordReset(deps));
  app.post('/auth/password-reset/confirm', confirmPasswordReset(deps));
  app.get('/auth/email', requireSession(authentication, readEmail(deps)));
  app.put('/auth/email', requireSession(authentication, changeEmail(deps), 'session-change'));
  app.post('/auth/email/confirm', confirmEmailAddress(deps));
  app.post('/auth/logout', logout(deps));
  app.post('/auth/refresh', refresh(deps));
}

function routeSessions(app: App, authentication: AuthenticationDeps, deps: RouteDeps['sessions']): void {
  app.get('/auth/session', requireSession(authentication, currentSession(deps)));
  app.get('/auth/session/events', requireToken(authentication, sessionEvents(deps)));
  app.get('/auth/session/data/:key', requireSession(authentication, readData(deps)));
  app.put('/auth/session/data/:key', requireSession(authentication, writeData(deps), 'session-change'));
  app.delete('/auth/session/data/:key', requireSession(authentication, removeData(deps), 'session-change'));
  app.get('/auth/sessions', requireSession(authentication, listOwnSessions(deps)));
  app.delete('/auth/sessions', requireSession(authentication, endOwnSessions(deps), 'session-change'));
  app.delete('/auth/sessions/:sid', requireSession(authentication, endOwnSession(deps), 'session-change'));
}

function routeOauth(app: App, deps: RouteDeps['oauth']): void {
  app.post('/oauth/token', token(deps));
  app.post('/oauth/revoke', revoke(deps));
  app.post('/oauth/introspect', introspect(deps));
  app.get(METADATA_ROUTE, metadata(deps));
  app.get(JWKS_PATH, jwks(deps));
}

function routeAdmin(app: App, authentication: AuthenticationDeps, deps: RouteDeps['admin']): void {
  const allow = (scope: Scope, route: AuthenticatedRoute) => requireScope(authentication, scope, route);
  app.get('/admin/users', allow('users:manage', listUsers(deps)));
  app.post('/admin/users', allow('users:manage', createUser(deps)));
  app.get('/admin/users/:id', allow('users:manage', getUser(deps)));
  app.post('/admin/users/:id/block', allow('users:manage', blockUser(deps)));
  app.post('/admin/users/:id/unblock', allow('users:manage', unblockUser(deps)));
  app.put('/admin/users/:id/role', allow('roles:manage', changeRole(deps)));
  app.put('/admin/users/:id/ranges', allow('users:manage', changeRanges(deps)));
  app.post('/admin/users/:id/logout', allow('users:manage', logOutUser(deps)));
  app.post('/admin/users/:id/password-reset', allow('users:manage', resetUserPassword(deps)));
  app.get('/admin/users/:id/sessions', allow('sessions:manage', listUserSessions(deps)));
  app.delete('/admin/users/:id/sessions/:sid', allow('sessions:manage', endUserSession(deps)));
  app.get('/admin/audit', allow('audit:read', readAudit(deps)));
}

/** Runs the app for requests that have passed the edge. `limitsOf` a path are the limits of a body. */
export function createAppHandler(
  app: App,
  limitsOf: (path: string) => OwnBodyLimits,
  now: () => number,
): (context: RequestContext) => void {
  const contexts = new WeakMap<IncomingMessage, OwnRequestContext>();
  const listener = getRequestListener(
    (request, { incoming }) => app.fetch(request, contexts.get(incoming as IncomingMessage)),
    // Only a health check in HTTP/1.0 has no `Host` (edge/plain-health-check.ts). No route reads it.
    { overrideGlobalObjects: false, hostname: 'localhost' },
  );
  return (context) => {
    const { incoming, outgoing, strictTransport } = context;
    outgoing.setHeader('cache-control', 'no-store');
    outgoing.setHeader('content-security-policy', DENY_ALL_CSP);
    outgoing.setHeader('x-content-type-options', 'nosniff');
    if (strictTransport !== undefined) outgoing.setHeader(STRICT_TRANSPORT, strictTransport);
    contexts.set(incoming, withOwnBody(context, limitsOf(context.path), now));
    void listener(incoming, outgoing);
  };
}
