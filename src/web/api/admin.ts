import type { z } from 'zod';
import type { auditPageResponseSchema } from '../../gateway/routes/admin/audit.ts';
import type { resetResponseSchema } from '../../gateway/routes/admin/user-password.ts';
import type { userSessionsResponseSchema } from '../../gateway/routes/admin/user-sessions.ts';
import type { userSchema } from '../../gateway/routes/admin/user-view.ts';
import type { newUserSchema, userPageResponseSchema } from '../../gateway/routes/admin/users.ts';
import type { Role } from '../../users/roles.ts';
import { request } from './request.ts';

export type User = z.output<typeof userSchema>;
export type NewUser = z.input<typeof newUserSchema>;
export type UserSession = z.output<typeof userSessionsResponseSchema>['sessions'][number];
export type ResetResult = z.output<typeof resetResponseSchema>;
type AuditRecords = z.output<typeof auditPageResponseSchema>;
export type AuditRecord = AuditRecords['records'][number];

/** A parameter that is undefined or empty is not sent. */
type Query<Name extends string> = Partial<Record<Name, string | undefined>>;

const withQuery = (path: string, query: Query<string>): string => {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
};

const userPath = (id: string, suffix = ''): string => `/admin/users/${encodeURIComponent(id)}${suffix}`;

/** Users by name, only those whose username starts with `q`. @throws {ApiError} */
export const findUsers = (query: Query<'q' | 'cursor' | 'limit'>) =>
  request<z.output<typeof userPageResponseSchema>>(withQuery('/admin/users', query));

/** @throws {ApiError} */
export const findUser = (id: string, isBackground = false) => request<User>(userPath(id), { isBackground });

/** @throws {ApiError} */
export const createUser = (body: NewUser) => request<User>('/admin/users', { method: 'POST', body });

/** Ends all of the user's sessions. @throws {ApiError} */
export const blockUser = (id: string) => request<User>(userPath(id, '/block'), { method: 'POST' });

/** @throws {ApiError} */
export const unblockUser = (id: string) => request<User>(userPath(id, '/unblock'), { method: 'POST' });

/** Ends all of the user's sessions. @throws {ApiError} */
export const logOutUser = (id: string) => request<User>(userPath(id, '/logout'), { method: 'POST' });

/** @throws {ApiError} */
export const changeRole = (id: string, role: Role) =>
  request<User>(userPath(id, '/role'), { method: 'PUT', body: { role } });

/** Addresses and CIDR ranges; an empty list allows any address. @throws {ApiError} */
export const changeRanges = (id: string, ranges: readonly string[]) =>
  request<User>(userPath(id, '/ranges'), { method: 'PUT', body: { ranges } });

/** Invalidates the user's password and ends all of their sessions. @throws {ApiError} */
export const resetPassword = (id: string) =>
  request<ResetResult>(userPath(id, '/password-reset'), { method: 'POST' });

/** @throws {ApiError} */
export const userSessions = (id: string, isBackground = false) =>
  request<{ sessions: UserSession[] }>(userPath(id, '/sessions'), { isBackground });

/** @throws {ApiError} */
export const endUserSession = (id: string, sessionId: string) =>
  request<void>(userPath(id, `/sessions/${encodeURIComponent(sessionId)}`), { method: 'DELETE' });

/** The newest audit records; of a user, those by and about them. @throws {ApiError} */
export const auditRecords = (query: Query<'user' | 'action' | 'cursor' | 'limit'>) =>
  request<AuditRecords>(withQuery('/admin/audit', query));
