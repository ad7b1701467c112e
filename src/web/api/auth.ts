import type { z } from 'zod';
import type { cookieResponseSchema } from '../../gateway/routes/auth/token-response.ts';
import type { sessionResponseSchema } from '../../gateway/routes/sessions/current.ts';
import type { ownSessionsResponseSchema } from '../../gateway/routes/sessions/sessions.ts';
import { ask, send } from './request.ts';

export type SessionAnswer = z.output<typeof sessionResponseSchema>;
/** The user who is logged in, by what stays the same from one moment to the next. */
export type Who = Omit<
  SessionAnswer,
  'exp' | 'token_expires_in_ms' | 'idle_expires_in_ms' | 'session_expires_in_ms'
>;
export type OwnSession = z.output<typeof ownSessionsResponseSchema>['sessions'][number];

export interface Credentials {
  username: string;
  password: string;
  /** Keep me logged in. */
  remember: boolean;
}

/** Logs in. The tokens come as cookies that no script can read. @throws {NotDone} */
export const logIn = (credentials: Credentials) =>
  send<z.output<typeof cookieResponseSchema>>('/auth/login', {
    method: 'POST',
    body: { ...credentials, transport: 'cookie' },
  });

/** @throws {NotDone} */
export const logOut = () => ask<void>('/auth/logout', { method: 'POST' });

/** Who am I? In the background, it leaves the idle timeout as it is. @throws {NotDone} */
export const whoAmI = (isBackground: boolean) => ask<SessionAnswer>('/auth/session', { isBackground });

/** @throws {NotDone} */
export const ownSessions = (isBackground = false) =>
  ask<{ sessions: OwnSession[] }>('/auth/sessions', { isBackground });

/** @throws {NotDone} */
export const endOwnSession = (sid: string) => ask<void>(`/auth/sessions/${sid}`, { method: 'DELETE' });

/** Ends all of my sessions but this one. @throws {NotDone} */
export const endOtherSessions = () =>
  ask<{ ended: number }>('/auth/sessions?keep=current', { method: 'DELETE' });

/** All other sessions end with it. @throws {NotDone} */
export const changePassword = (current_password: string, new_password: string) =>
  ask<void>('/auth/password', { method: 'POST', body: { current_password, new_password } });

/** Asks for a mail with a link; the answer is the same for a name that there isn't. @throws {NotDone} */
export const askForReset = (username: string) =>
  send<void>('/auth/password-reset', { method: 'POST', body: { username } });

/** @throws {NotDone} */
export const resetPassword = (token: string, new_password: string) =>
  send<void>('/auth/password-reset/confirm', { method: 'POST', body: { token, new_password } });
