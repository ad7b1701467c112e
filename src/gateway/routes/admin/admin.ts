import type { Hono } from 'hono';
import { type AdmissionParts, permitted } from '../../pipeline/authenticate.ts';
import type { Arrival } from '../../request-context.ts';
import { auditPage } from './audit.ts';
import { type AdminAccessParts, endUserSession, resetUserPassword, userSessions } from './user-access.ts';
import { blockUser, changeRanges, changeRole, logOutUser, unblockUser } from './user-actions.ts';
import { createUser, oneUser, userPage } from './users.ts';

/** What staff do, each route with the scope that it takes. */
export function routeAdmin(app: Hono<{ Bindings: Arrival }>, parts: AdmissionParts & AdminAccessParts): void {
  app.get('/admin/users', permitted(parts, 'users:manage', userPage(parts)));
  app.post('/admin/users', permitted(parts, 'users:manage', createUser(parts)));
  app.get('/admin/users/:id', permitted(parts, 'users:manage', oneUser(parts)));
  app.post('/admin/users/:id/block', permitted(parts, 'users:manage', blockUser(parts)));
  app.post('/admin/users/:id/unblock', permitted(parts, 'users:manage', unblockUser(parts)));
  app.put('/admin/users/:id/role', permitted(parts, 'roles:manage', changeRole(parts)));
  app.put('/admin/users/:id/ranges', permitted(parts, 'users:manage', changeRanges(parts)));
  app.post('/admin/users/:id/logout', permitted(parts, 'users:manage', logOutUser(parts)));
  app.post('/admin/users/:id/password-reset', permitted(parts, 'users:manage', resetUserPassword(parts)));
  app.get('/admin/users/:id/sessions', permitted(parts, 'sessions:manage', userSessions(parts)));
  app.delete('/admin/users/:id/sessions/:sid', permitted(parts, 'sessions:manage', endUserSession(parts)));
  app.get('/admin/audit', permitted(parts, 'audit:read', auditPage(parts)));
}
