import type { Hono } from 'hono';
import { requireScope } from '../../pipeline/guards.ts';
import type { AuthenticationDeps } from '../../pipeline/pipeline.ts';
import type { RequestContext } from '../../request-context.ts';
import { auditPage } from './audit.ts';
import { endUserSession, resetUserPassword, type UserAccessDeps, userSessions } from './user-access.ts';
import { blockUser, changeRanges, changeRole, logOutUser, unblockUser } from './user-actions.ts';
import { createUser, oneUser, userPage } from './users.ts';

/** What staff do, each route with the scope that it takes. */
export function routeAdmin(
  app: Hono<{ Bindings: RequestContext }>,
  deps: AuthenticationDeps & UserAccessDeps,
): void {
  app.get('/admin/users', requireScope(deps, 'users:manage', userPage(deps)));
  app.post('/admin/users', requireScope(deps, 'users:manage', createUser(deps)));
  app.get('/admin/users/:id', requireScope(deps, 'users:manage', oneUser(deps)));
  app.post('/admin/users/:id/block', requireScope(deps, 'users:manage', blockUser(deps)));
  app.post('/admin/users/:id/unblock', requireScope(deps, 'users:manage', unblockUser(deps)));
  app.put('/admin/users/:id/role', requireScope(deps, 'roles:manage', changeRole(deps)));
  app.put('/admin/users/:id/ranges', requireScope(deps, 'users:manage', changeRanges(deps)));
  app.post('/admin/users/:id/logout', requireScope(deps, 'users:manage', logOutUser(deps)));
  app.post('/admin/users/:id/password-reset', requireScope(deps, 'users:manage', resetUserPassword(deps)));
  app.get('/admin/users/:id/sessions', requireScope(deps, 'sessions:manage', userSessions(deps)));
  app.delete('/admin/users/:id/sessions/:sid', requireScope(deps, 'sessions:manage', endUserSession(deps)));
  app.get('/admin/audit', requireScope(deps, 'audit:read', auditPage(deps)));
}
