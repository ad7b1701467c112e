import type { z } from 'zod';
import type { auditPageResponseSchema } from '../../gateway/routes/admin/audit.ts';
import type {
  resetResponseSchema,
  userSessionsResponseSchema,
} from '../../gateway/routes/admin/user-access.ts';
import type {
  shownUserSchema,
  userCreateSchema,
  userPageResponseSchema,
} from '../../gateway/routes/admin/users.ts';
import type { Role } from '../../users/roles.ts';
import { ask } from './request.ts';

/** A user as staff see them. */
export type ShownUser = z.output<typeof shownUserSchema>;
export type NewUser = z.input<typeof userCreateSchema>;
export type UserSession = z.output<typeof userSessionsResponseSchema>['sessions'][number];
export type ResetAnswer = z.output<typeof resetResponseSchema>;
export type AuditAnswer = z.output<typeof auditPageResponseSchema>;
export type AuditRecord = AuditAnswer['records'][number];

/** What is left out, or empty, is not asked for. */
type Query = Record<string, string | undefined>;

const withQuery = (path: string, query: Query): string => {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
};

const pathOf = (id: string, what = ''): string => `/admin/users/${encodeURIComponent(id)}${what}`;

/** Users by name, from those whose name begins with `q`. @throws {NotDone} */
export const findUsers = (query: {
  q?: string | undefined;
  cursor?: string | undefined;
  limit?: string | undefined;
}) => ask<z.output<typeof userPageResponseSchema>>(withQuery('/admin/users', query));

/** @throws {NotDone} */
export const findUser = (id: string, isBackground = false) => ask<ShownUser>(pathOf(id), { isBackground });

/** @throws {NotDone} */
export const createUser = (body: NewUser) => ask<ShownUser>('/admin/users', { method: 'POST', body });

/** All of the user's sessions end with it. @throws {NotDone} */
export const blockUser = (id: string) => ask<ShownUser>(pathOf(id, '/block'), { method: 'POST' });

/** @throws {NotDone} */
export const unblockUser = (id: string) => ask<ShownUser>(pathOf(id, '/unblock'), { method: 'POST' });

/** Ends all of the user's sessions. @throws {NotDone} */
export const logOutUser = (id: string) => ask<ShownUser>(pathOf(id, '/logout'), { method: 'POST' });

/** @throws {NotDone} */
export const changeRole = (id: string, role: Role) =>
  ask<ShownUser>(pathOf(id, '/role'), { method: 'PUT', body: { role } });

/** Addresses and CIDR ranges; none for anywhere. @throws {NotDone} */
export const changeRanges = (id: string, ranges: readonly string[]) =>
  ask<ShownUser>(pathOf(id, '/ranges'), { method: 'PUT', body: { ranges } });

/** The old password opens nothing any more, and all sessions end. @throws {NotDone} */
export const resetPassword = (id: string) =>
  ask<ResetAnswer>(pathOf(id, '/password-reset'), { method: 'POST' });

/** @throws {NotDone} */
export const userSessions = (id: string, isBackground = false) =>
  ask<{ sessions: UserSession[] }>(pathOf(id, '/sessions'), { isBackground });

/** @throws {NotDone} */
export const endUserSession = (id: string, sid: string) =>
  ask<void>(pathOf(id, `/sessions/${encodeURIComponent(sid)}`), { method: 'DELETE' });

/** Records of the audit trail, the newest first; of a user, those about and by them. @throws {NotDone} */
export const auditRecords = (query: {
  user?: string | undefined;
  action?: string | undefined;
  cursor?: string | undefined;
  limit?: string | undefined;
}) => ask<AuditAnswer>(withQuery('/admin/audit', query));
