import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { ANYONE, jsonBody, NO_CONTENT, type Operation } from '../../../http/operation.ts';
import type { AccountMail } from '../../../mail/account-mail.ts';
import { RedisUnavailable } from '../../../redis/connection.ts';
import type { RateLimiter } from '../../../redis/rate-limiter.ts';
import { Refusal } from '../../../refusal.ts';
import type { LoginLimiter } from '../../../users/logins/login-limiter.ts';
import type { PasswordQueue } from '../../../users/logins/password-queue.ts';
import {
  consumeResetToken,
  type ResetDeps,
  type VerifiedReset,
  verifyReset,
  viaDetail,
} from '../../../users/password-reset.ts';
import type { User } from '../../../users/users.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { type RequestContext, recordEvent } from '../../request-context.ts';
import { announcePasswordChange, hashNewPassword, type NewPasswordDeps } from './password.ts';

const confirmSchema = z.strictObject({
  token: z.string().min(1).max(4096),
  new_password: z.string().max(1024),
});

export const resetConfirmationOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/auth/password-reset/confirm',
  id: 'resetPassword',
  tag: 'Authentication',
  summary: 'Set a new password with the token from the email',
  description: 'The token can be used once, and tried ten times. All sessions of the user end.',
  access: ANYONE,
  body: jsonBody(confirmSchema),
  responses: NO_CONTENT,
  refusals: [
    'reset_invalid',
    'rate_limited',
    'password_queue_full',
    'redis_unavailable',
    'revocation_not_durable',
  ],
};

export interface ResetConfirmationDeps extends ResetDeps, NewPasswordDeps {
  audit: AuditLog;
  accountMail: AccountMail | undefined;
  /** Counts by token how often it was tried. */
  resetTokenLimiter: RateLimiter;
  passwordQueue: PasswordQueue;
  loginLimiter: LoginLimiter;
}

/** Sets a new password and consumes the reset token. All sessions of the user end. */
export const confirmPasswordReset =
  (deps: ResetConfirmationDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const { clientAddress: address, nowMs } = c.env;
    const body = await c.env.body.json(confirmSchema);
    if (body instanceof Refusal) return refuse(c.env, body);
    const reset = await verifyReset(deps, { token: body.token, address }, nowMs);
    if (reset instanceof Refusal) return refuse(c.env, reset);
    const { id } = reset.user;
    const passwordHash = await hashWithinLimit(deps, c.env, reset, body.new_password);
    if (passwordHash instanceof Refusal) return refuse(c.env, passwordHash, { sub: id });
    const outcome = await consumeResetToken(deps.redis, reset, { passwordHash, address });
    if (outcome instanceof Refusal) return refuse(c.env, outcome, { sub: id });
    await report(deps, c.env, outcome);
    logGrant(c.env, { sub: id });
    return c.body(null, 204);
  };

/** Checks and hashes a password, which takes a thread, unless the token has been tried too often. */
async function hashWithinLimit(
  deps: ResetConfirmationDeps,
  { clientAddress: address, nowMs }: RequestContext,
  { user: owner, jti }: VerifiedReset,
  password: string,
) {
  const retryAfterSeconds = await deps.resetTokenLimiter.take(jti, nowMs);
  if (retryAfterSeconds > 0) return new Refusal('rate_limited', { retryAfterSeconds });
  const hash = await deps.passwordQueue.run({ rank: 'stranger', address }, () =>
    hashNewPassword(deps, { field: 'new_password', password, owner }),
  );
  if (hash instanceof Refusal && hash.reason === 'password_queue_full')
    await deps.resetTokenLimiter.refund(jti, nowMs);
  return hash;
}

/** Records the change first. Whether or not it can be recorded, it has been made: the user is told and can log in. */
async function report(deps: ResetConfirmationDeps, context: RequestContext, user: User): Promise<void> {
  const { id, role } = user;
  const event = { action: 'password_reset', result: 'done', actor: id, role, subject: id } as const;
  try {
    await recordEvent(deps.audit, context, { ...event, detail: viaDetail(user) });
  } finally {
    announcePasswordChange(deps.accountMail, context, user);
    await clearFailures(deps, context, user);
  }
}

/** If Redis is unavailable, strangers keep the username locked for the rest of the window. */
async function clearFailures(
  { loginLimiter }: Pick<ResetConfirmationDeps, 'loginLimiter'>,
  { log, requestId, nowMs }: RequestContext,
  { username }: User,
): Promise<void> {
  try {
    await loginLimiter.clearUsername(username, nowMs);
  } catch (err) {
    if (!(err instanceof RedisUnavailable)) throw err;
    log.error({ err, requestId }, 'failed logins could not be cleared after a password reset');
  }
}
