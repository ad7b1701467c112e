import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { ANYONE, jsonBody, NO_CONTENT, type Operation } from '../../../http/operation.ts';
import type { Mailer } from '../../../mail/mailer.ts';
import type { RateLimiter } from '../../../redis/rate-limiter.ts';
import { Refusal } from '../../../refusal.ts';
import { foldUsername } from '../../../users/fields.ts';
import {
  consumeResetToken,
  issueResetToken,
  type ResetDeps,
  resetMail,
  verifyReset,
} from '../../../users/password-reset.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';
import { findUserByName } from '../../../users/users.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { type RequestContext, recordEvent } from '../../request-context.ts';
import { hashNewPassword } from './password.ts';

const requestSchema = z.strictObject({ username: z.string().min(1).max(128) });
const confirmSchema = z.strictObject({
  token: z.string().min(1).max(4096),
  new_password: z.string().max(1024),
});

export const passwordResetOperations: readonly Operation<GatewayReason>[] = [
  {
    method: 'post',
    path: '/auth/password-reset',
    id: 'askForPasswordReset',
    tag: 'Authentication',
    summary: 'Request a password reset by email',
    description: 'The response is the same whether the user exists or not.',
    access: ANYONE,
    body: jsonBody(requestSchema),
    responses: { 202: { description: 'If the user exists and has an email address, an email is sent.' } },
    refusals: ['route_unknown', 'rate_limited', 'redis_unavailable'],
  },
  {
    method: 'post',
    path: '/auth/password-reset/confirm',
    id: 'resetPassword',
    tag: 'Authentication',
    summary: 'Set a new password with the token from the email',
    description: 'The token can be used once. All sessions of the user end.',
    access: ANYONE,
    body: jsonBody(confirmSchema),
    responses: NO_CONTENT,
    refusals: ['reset_invalid', 'password_queue_full', 'redis_unavailable'],
  },
];

export interface PasswordResetDeps extends ResetDeps {
  hasher: PasswordHasher;
  audit: AuditLog;
  /** Without a mailer users cannot reset their own password. */
  mailer: Mailer | undefined;
  resetUrl: string;
  resetLimiters: { username: RateLimiter; address: RateLimiter };
}

/**
 * Emails a one-time token. The response is sent before the user is looked up, so that neither its content nor its
 * timing reveals whether the user exists.
 */
export const requestPasswordReset =
  (deps: PasswordResetDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const { clientAddress, requestId, log } = c.env;
    if (deps.mailer === undefined) return refuse(c.env, new Refusal('route_unknown'));
    const body = await c.env.body.json(requestSchema);
    if (body instanceof Refusal) return refuse(c.env, body);
    const { address, username } = deps.resetLimiters;
    const retryAfterSeconds =
      (await address.take(clientAddress)) || (await username.take(foldUsername(body.username)));
    if (retryAfterSeconds > 0) return refuse(c.env, new Refusal('rate_limited', { retryAfterSeconds }));
    void sendReset(deps, deps.mailer, c.env, body.username).catch((err: unknown) =>
      log.error({ err, requestId }, 'a password reset could not be sent'),
    );
    logGrant(c.env, {});
    return c.body(null, 202);
  };

async function sendReset(
  deps: PasswordResetDeps,
  mailer: Mailer,
  context: RequestContext,
  username: string,
): Promise<void> {
  const user = await findUserByName(deps.redis, username);
  if (user === undefined)
    return context.log.info({ event: 'reset_for_nobody', requestId: context.requestId });
  const event = { action: 'password_reset_ask', subject: user.id, role: user.role } as const;
  const refused = (detail: string) =>
    recordEvent(deps.audit, context, { ...event, result: 'refused', detail });
  if (user.email === undefined) return refused('no address');
  const token = await issueResetToken(deps, user.id, context.nowMs);
  if (token instanceof Refusal) return refused(token.reason);
  await recordEvent(deps.audit, context, { ...event, result: 'done' });
  await mailer.send(resetMail(user.email, { resetUrl: deps.resetUrl, token, askedBy: 'user' }));
}

/** Sets a new password and consumes the reset token. All sessions of the user end. */
export const confirmPasswordReset =
  (deps: Omit<PasswordResetDeps, 'mailer' | 'resetUrl' | 'resetLimiters'>) =>
  async (c: GatewayContext): Promise<Response> => {
    const body = await c.env.body.json(confirmSchema);
    if (body instanceof Refusal) return refuse(c.env, body);
    const { token, new_password: password } = body;
    const reset = await verifyReset(deps, { token, address: c.env.clientAddress }, c.env.nowMs);
    if (reset instanceof Refusal) return refuse(c.env, reset);
    const { id, username, role } = reset.user;
    const hash = await hashNewPassword(deps.hasher, { field: 'new_password', password, username });
    if (hash instanceof Refusal) return refuse(c.env, hash, { sub: id });
    const outcome = await consumeResetToken(deps.redis, reset, hash);
    if (outcome instanceof Refusal) return refuse(c.env, outcome, { sub: id });
    const event = { action: 'password_reset', result: 'done', actor: id, role, subject: id } as const;
    await recordEvent(deps.audit, c.env, event);
    logGrant(c.env, { sub: id });
    return c.body(null, 204);
  };
