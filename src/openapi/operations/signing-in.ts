import { z } from 'zod';
import { loginSchema } from '../../gateway/routes/auth/login.ts';
import { resetAskSchema, resetConfirmSchema } from '../../gateway/routes/auth/password-reset.ts';
import { refreshSchema } from '../../gateway/routes/auth/refresh.ts';
import { registeredResponseSchema, registerSchema } from '../../gateway/routes/auth/register.ts';
import { bearerResponseSchema, cookieResponseSchema } from '../../gateway/routes/auth/token-response.ts';
import { sessionResponseSchema } from '../../gateway/routes/sessions/current.ts';
import { gatewayOperation, jsonBody, NO_CONTENT, ok } from '../gateway-operation.ts';
import type { Operation } from '../operation.ts';

export const tokenResponseSchema = z.union([bearerResponseSchema, cookieResponseSchema]);

const group = 'Log in and out';
const anyone = { by: 'anyone' } as const;

const TOKENS = {
  200: {
    description: 'A pair of tokens, in the body, or in cookies that no script can read.',
    schema: tokenResponseSchema,
    headers: { 'Set-Cookie': 'the tokens, when cookies were asked for' },
  },
};

/** How a person comes in, stays in and leaves. */
export const SIGNING_IN: readonly Operation[] = [
  gatewayOperation(
    {
      method: 'post',
      path: '/auth/login',
      id: 'logIn',
      group,
      summary: 'Log in with user name and password',
      details: 'A wrong name and a wrong password are one answer. Too many wrong ones are throttled.',
      access: anyone,
      body: jsonBody(loginSchema),
      answers: TOKENS,
    },
    [
      'csrf',
      'login_wrong',
      'login_throttled',
      'password_queue_full',
      'too_many_sessions',
      'redis_unavailable',
    ],
  ),
  gatewayOperation(
    {
      method: 'post',
      path: '/auth/refresh',
      id: 'refresh',
      group,
      summary: 'Exchange the refresh token for a new pair',
      details:
        'Give the refresh token in the body or in its cookie. One that was used before ends the session, ' +
        'but for a short grace in which requests may cross: then all get the same pair.',
      access: { by: 'refresh-token', cookieToo: true },
      body: { ...jsonBody(refreshSchema), optional: true },
      answers: TOKENS,
    },
    [
      'csrf',
      'credential_missing',
      'credential_twice',
      'refresh_invalid',
      'address_refused',
      'redis_unavailable',
    ],
  ),
  gatewayOperation({
    method: 'post',
    path: '/auth/logout',
    id: 'logOut',
    group,
    summary: 'Log out',
    details: "All of the session's tokens are dead before the answer leaves.",
    access: { by: 'access-token' },
    answers: NO_CONTENT,
  }),
  gatewayOperation({
    method: 'get',
    path: '/auth/session',
    id: 'getSession',
    group,
    summary: 'Who am I?',
    access: { by: 'access-token' },
    answers: ok('The user, with the role as it is now, and the session.', sessionResponseSchema),
  }),
  gatewayOperation(
    {
      method: 'post',
      path: '/auth/register',
      id: 'register',
      group,
      summary: 'Make an account',
      details: 'Only where registration is open; otherwise there is nothing here.',
      access: anyone,
      body: jsonBody(registerSchema),
      answers: { 201: { description: 'The account.', schema: registeredResponseSchema } },
    },
    ['route_unknown', 'username_taken', 'act_throttled', 'password_queue_full', 'redis_unavailable'],
  ),
  gatewayOperation(
    {
      method: 'post',
      path: '/auth/password-reset',
      id: 'askForPasswordReset',
      group,
      summary: 'Ask for a password reset by mail',
      details: 'The answer is the same whether there is such a user or not.',
      access: anyone,
      body: jsonBody(resetAskSchema),
      answers: { 202: { description: 'If there is such a user with an address, a mail is on its way.' } },
    },
    ['route_unknown', 'act_throttled', 'redis_unavailable'],
  ),
  gatewayOperation(
    {
      method: 'post',
      path: '/auth/password-reset/confirm',
      id: 'resetPassword',
      group,
      summary: 'Set a new password with the token from the mail',
      details: 'The token is good for one use. All sessions of the user end.',
      access: anyone,
      body: jsonBody(resetConfirmSchema),
      answers: NO_CONTENT,
    },
    ['reset_invalid', 'password_queue_full', 'redis_unavailable'],
  ),
];
