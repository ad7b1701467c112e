import type { z } from 'zod';
import type { emailResponseSchema } from '../../gateway/routes/account/email.ts';
import type { cookieResponseSchema } from '../../gateway/routes/auth/tokens.ts';
import type { passwordRulesResponseSchema } from '../../gateway/routes/password/password-rules.ts';
import type { sessionResponseSchema } from '../../gateway/routes/sessions/current.ts';
import type { ownSessionsResponseSchema } from '../../gateway/routes/sessions/own-sessions.ts';
import type { Scope } from '../../users/roles.ts';
import { withNewKey } from '../dpop/login-keys.ts';
import { sessionFetch } from '../dpop/proof-fetch.ts';
import { request, requestInSession, requestOnce } from './request.ts';

export type SessionResponse = z.output<typeof sessionResponseSchema>;
/** The user who is logged in, without the times, which differ in each response. */
export type CurrentUser = Omit<
  SessionResponse,
  'exp' | 'token_expires_in_ms' | 'idle_expires_in_ms' | 'session_expires_in_ms'
>;
export type EmailAddresses = z.output<typeof emailResponseSchema>;
export type OwnSession = z.output<typeof ownSessionsResponseSchema>['sessions'][number];

/** Whether the current role has the scope. It only decides what is shown: the server checks each request. */
export const hasScope = (user: CurrentUser, scope: Scope): boolean => user.scope.split(' ').includes(scope);

export interface Credentials {
  username: string;
  password: string;
  /** Keep me logged in. */
  remember: boolean;
}

/**
 * The tokens are set as cookies that no script can read, and are bound to a new key of this browser.
 * @throws {ApiError | KeyStorageError}
 */
export const logIn = (credentials: Credentials) =>
  withNewKey((key) =>
    requestOnce<z.output<typeof cookieResponseSchema>>(
      '/auth/login',
      { method: 'POST', body: { ...credentials, transport: 'cookie' } },
      sessionFetch.withKey(key),
    ),
  );

/** Ends the session, even if its access token has expired. @throws {ApiError} */
export const logOut = () => requestInSession<void>('/auth/logout', { method: 'POST' });

/** In the background, it does not restart the idle timeout. @throws {ApiError} */
export const currentSession = (isBackground: boolean) =>
  request<SessionResponse>('/auth/session', { isBackground });

/** @throws {ApiError} */
export const ownSessions = (isBackground = false) =>
  request<{ sessions: OwnSession[] }>('/auth/sessions', { isBackground });

/** @throws {ApiError} */
export const endOwnSession = (id: string) => request<void>(`/auth/sessions/${id}`, { method: 'DELETE' });

/** Ends all of the user's sessions except this one. @throws {ApiError} */
export const endOtherSessions = () =>
  request<{ ended: number }>('/auth/sessions?keep=current', { method: 'DELETE' });

/** Ends all of the user's other sessions. @throws {ApiError} */
export const changePassword = (current_password: string, new_password: string) =>
  request<void>('/auth/password', { method: 'POST', body: { current_password, new_password } });

/** @throws {ApiError} */
export const emailAddresses = () => request<EmailAddresses>('/auth/email');

/** Requests an email with a link that confirms the new address. @throws {ApiError} */
export const changeEmail = (email: string, current_password: string) =>
  request<void>('/auth/email', { method: 'PUT', body: { email, current_password } });

/** @throws {ApiError} */
export const confirmEmail = (token: string) =>
  requestOnce<void>('/auth/email/confirm', { method: 'POST', body: { token } });

/** The rules for new passwords. @throws {ApiError} */
export const passwordRules = () =>
  requestOnce<z.output<typeof passwordRulesResponseSchema>>('/auth/password-rules');

/** Requests an email with a reset link. The response is the same for an unknown username. @throws {ApiError} */
export const requestPasswordReset = (username: string) =>
  requestOnce<void>('/auth/password-reset', { method: 'POST', body: { username } });

/** @throws {ApiError} */
export const resetPassword = (token: string, new_password: string) =>
  requestOnce<void>('/auth/password-reset/confirm', { method: 'POST', body: { token, new_password } });
