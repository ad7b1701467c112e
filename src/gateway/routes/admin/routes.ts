import type { Hono } from 'hono';
import { requireScope } from '../../pipeline/guards.ts';
import type { AuthenticationDeps } from '../../pipeline/pipeline.ts';
import type { RequestContext } from '../../request-context.ts';
import { type AuditPageDeps, readAudit } from './audit.ts';
import {
  type AdminActionDeps,
  blockUser,
  changeRanges,
  changeRole,
  logOutUser,
  unblockUser,
} from './user-actions.ts';
import { type AdminResetDeps, resetUserPassword } from './user-password.ts';
import { endUserSession, listUserSessions, type UserSessionsDeps } from './user-sessions.ts';
import { type AdminUsersDeps, createUser, getUser, listUsers } from './users.ts';

export interface AdminDeps
  extends AuthenticationDeps,
    AdminUsersDeps,
    AdminActionDeps,
    AdminResetDeps,
    UserSessionsDeps,
    AuditPageDeps {}

/** Mounts the routes for staff, each with the scope that it requires. */
export function routeAdmin(app: Hono<{ Bindings: RequestContext }>, deps: AdminDeps): void {
  app.get('/admin/users', requireScope(deps, 'users:manage', listUsers(deps)));
  app.post('/admin/users', requireScope(deps, 'users:manage', createUser(deps)));
  app.get('/admin/users/:id', requireScope(deps, 'users:manage', getUser(deps)));
  app.post('/admin/users/:id/block', requireScope(deps, 'users:manage', blockUser(deps)));
  app.post('/admin/users/:id/unblock', requireScope(deps, 'users:manage', unblockUser(deps)));
  app.put('/admin/users/:id/role', requireScope(deps, 'roles:manage', changeRole(deps)));
  app.put('/admin/users/:id/ranges', requireScope(deps, 'users:manage', changeRanges(deps)));
  app.post('/admin/users/:id/logout', requireScope(deps, 'users:manage', logOutUser(deps)));
  app.post('/admin/users/:id/password-reset', requireScope(deps, 'users:manage', resetUserPassword(deps)));
  app.get('/admin/users/:id/sessions', requireScope(deps, 'sessions:manage', listUserSessions(deps)));
  app.delete('/admin/users/:id/sessions/:sid', requireScope(deps, 'sessions:manage', endUserSession(deps)));
  app.get('/admin/audit', requireScope(deps, 'audit:read', readAudit(deps)));
}
