import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { ANYONE, jsonBody, NO_CONTENT, type Operation } from '../../../http/operation.ts';
import type { AccountMail } from '../../../mail/account-mail.ts';
import type { Outbox } from '../../../mail/outbox.ts';
import { Refusal } from '../../../refusal.ts';
import { type Device, MAX_DEVICE_TOKEN_CHARACTERS } from '../../../users/logins/device-token.ts';
import type { LoginLimiter } from '../../../users/logins/login-limiter.ts';
import {
  consumeResetToken,
  issueResetToken,
  type ResetDeps,
  resetMail,
  verifyReset,
  viaDetail,
} from '../../../users/password-reset.ts';
import { findUserByName, type User } from '../../../users/users.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { type RequestContext, recordEvent } from '../../request-context.ts';
import type { Site } from '../../site.ts';
import { presentedDevice } from './device.ts';
import { deviceNameOf } from './device-name.ts';
import { hashNewPassword, type NewPasswordDeps } from './password.ts';
import {
  RESET_TOKEN_MIN_AGE_SECONDS,
  type ResetLimiters,
  takeResetRequest,
  withinMailLimit,
} from './reset-limits.ts';

const requestSchema = z.strictObject({
  username: z.string().min(1).max(128),
  device_token: z.string().max(MAX_DEVICE_TOKEN_CHARACTERS).optional(),
});
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
    responses: {
      202: { description: 'If the user exists and has a confirmed email address, an email is sent.' },
    },
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

export interface PasswordResetDeps extends ResetDeps, NewPasswordDeps {
  audit: AuditLog;
  /** Without it users cannot reset their own password. */
  outbox: Outbox | undefined;
  accountMail: AccountMail | undefined;
  resetUrl: string;
  resetLimiters: ResetLimiters;
  loginLimiter: LoginLimiter;
  deviceKey: Uint8Array;
  site: Site;
}

/**
 * Emails a one-time token. The response is sent before the user is looked up, so that neither its content nor its
 * timing reveals whether the user exists.
 */
export const requestPasswordReset =
  (deps: PasswordResetDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const { clientAddress: address, requestId, log, nowMs } = c.env;
    if (deps.outbox === undefined) return refuse(c.env, new Refusal('route_unknown'));
    const body = await c.env.body.json(requestSchema);
    if (body instanceof Refusal) return refuse(c.env, body);
    const { username } = body;
    const device = presentedDevice(deps, c, body.device_token);
    const retryAfterSeconds = await takeResetRequest(
      deps.resetLimiters,
      { username, address, device },
      nowMs,
    );
    if (retryAfterSeconds > 0) return refuse(c.env, new Refusal('rate_limited', { retryAfterSeconds }));
    void sendReset(deps, deps.outbox, c.env, { username, device }).catch((err: unknown) =>
      log.error({ err, requestId }, 'a password reset could not be sent'),
    );
    logGrant(c.env, {});
    return c.body(null, 202);
  };

async function sendReset(
  deps: PasswordResetDeps,
  outbox: Outbox,
  context: RequestContext,
  { username, device }: { username: string; device: Device | undefined },
): Promise<void> {
  const { nowMs } = context;
  const user = await findUserByName(deps.redis, username);
  if (user === undefined)
    return context.log.info({ event: 'reset_for_nobody', requestId: context.requestId });
  const event = { action: 'password_reset_ask', subject: user.id, role: user.role } as const;
  const refused = (detail: string) =>
    recordEvent(deps.audit, context, { ...event, result: 'refused', detail });
  if (user.email === undefined) return refused('no address');
  const issue = () => issueResetToken(deps, user.id, nowMs, { minAgeSeconds: RESET_TOKEN_MIN_AGE_SECONDS });
  const token = await withinMailLimit(deps.resetLimiters, { user, device, nowMs }, issue);
  if (token === undefined) return;
  if (token instanceof Refusal) return refused(token.reason);
  await recordEvent(deps.audit, context, { ...event, result: 'done' });
  outbox.post(resetMail(user.email, { resetUrl: deps.resetUrl, token, askedBy: 'user' }));
}

/** Sets a new password and consumes the reset token. All sessions of the user end. */
export const confirmPasswordReset =
  (deps: Omit<PasswordResetDeps, 'outbox' | 'resetUrl' | 'resetLimiters'>) =>
  async (c: GatewayContext): Promise<Response> => {
    const body = await c.env.body.json(confirmSchema);
    if (body instanceof Refusal) return refuse(c.env, body);
    const { token, new_password: password } = body;
    const reset = await verifyReset(deps, { token, address: c.env.clientAddress }, c.env.nowMs);
    if (reset instanceof Refusal) return refuse(c.env, reset);
    const { id, username, role } = reset.user;
    const hash = await hashNewPassword(deps, { field: 'new_password', password, owner: reset.user });
    if (hash instanceof Refusal) return refuse(c.env, hash, { sub: id });
    const outcome = await consumeResetToken(deps.redis, reset, hash);
    if (outcome instanceof Refusal) return refuse(c.env, outcome, { sub: id });
    await deps.loginLimiter.clearUsername(username, c.env.nowMs);
    const event = { action: 'password_reset', result: 'done', actor: id, role, subject: id } as const;
    await recordEvent(deps.audit, c.env, { ...event, detail: viaDetail(outcome) });
    announceChange(deps, c.env, outcome);
    logGrant(c.env, { sub: id });
    return c.body(null, 204);
  };

function announceChange(
  { accountMail }: Pick<PasswordResetDeps, 'accountMail'>,
  { incoming, clientAddress: address, nowMs }: RequestContext,
  { email }: User,
): void {
  if (email === undefined) return;
  const device = deviceNameOf(incoming.headers['user-agent']);
  accountMail?.passwordChanged(email, { device, address, nowMs });
}
