import { z } from 'zod';
import type { AuditTrail } from '../../../audit/event.ts';
import { readJsonBody } from '../../../http/input.ts';
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
import { auditFields, type RequestContext } from '../../request-context.ts';
import { hashNewPassword } from './new-password.ts';

export const resetAskSchema = z.strictObject({ username: z.string().min(1).max(128) });
export const resetConfirmSchema = z.strictObject({
  token: z.string().min(1).max(4096),
  new_password: z.string().max(1024),
});

export interface PasswordResetDeps extends ResetDeps {
  hasher: PasswordHasher;
  audit: AuditTrail;
  authBodyMaxBytes: number;
  /** Undefined where there is no way to reach people: then nobody can reset a password by themself. */
  mailer: Mailer | undefined;
  resetUrl: string;
  resetThrottle: { username: RateLimiter; address: RateLimiter };
}

/**
 * Sends a one-time token to the address of a user. The answer leaves before anything is looked up, so that neither
 * it nor its time tells whether there is such a user.
 */
export const askReset =
  (deps: PasswordResetDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const { incoming, outgoing, clientAddress } = c.env;
    if (deps.mailer === undefined) return refuse(c.env, new Refusal('route_unknown'));
    const body = await readJsonBody(incoming, outgoing, resetAskSchema, deps.authBodyMaxBytes);
    if (body instanceof Refusal) return refuse(c.env, body);
    const { address, username } = deps.resetThrottle;
    const retryAfterSeconds =
      (await address.take(clientAddress)) || (await username.take(foldUsername(body.username)));
    if (retryAfterSeconds > 0) return refuse(c.env, new Refusal('act_throttled', { retryAfterSeconds }));
    void sendReset(deps, deps.mailer, c.env, body.username).catch((err: unknown) =>
      c.env.log.error({ err, requestId: c.env.requestId }, 'a password reset could not be sent'),
    );
    logGrant(c.env, {});
    return c.body(null, 202);
  };

async function sendReset(
  deps: PasswordResetDeps,
  mailer: Mailer,
  arrival: RequestContext,
  username: string,
): Promise<void> {
  const user = await findUserByName(deps.redis, username);
  const event = { ...auditFields(arrival), action: 'password_reset_ask', subject: user?.id } as const;
  const refused = (detail: string) =>
    deps.audit.record({ ...event, result: 'refused', detail }, arrival.nowMs);
  if (user === undefined) return refused('no such user');
  if (user.email === undefined) return refused('no address');
  const token = await issueResetToken(deps, user.id, arrival.nowMs);
  if (token instanceof Refusal) return refused(token.reason);
  await deps.audit.record({ ...event, result: 'done' }, arrival.nowMs);
  await mailer.send(resetMail(user.email, { resetUrl: deps.resetUrl, token, askedBy: 'user' }));
}

/** Sets a new password with a reset token, which is used up by it. All sessions of the user end. */
export const confirmReset =
  (deps: PasswordResetDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const { incoming, outgoing, clientAddress: address, nowMs } = c.env;
    const body = await readJsonBody(incoming, outgoing, resetConfirmSchema, deps.authBodyMaxBytes);
    if (body instanceof Refusal) return refuse(c.env, body);
    const holder = await verifyReset(deps, { token: body.token, address }, nowMs);
    if (holder instanceof Refusal) return refuse(c.env, holder);
    const { id, username } = holder.user;
    const given = { field: 'new_password', password: body.new_password, username };
    const hash = await hashNewPassword(deps.hasher, given);
    if (hash instanceof Refusal) return refuse(c.env, hash, { sub: id });
    const outcome = await consumeResetToken(deps.redis, holder, hash);
    if (outcome instanceof Refusal) return refuse(c.env, outcome, { sub: id });
    const event = { ...auditFields(c.env), action: 'password_reset', result: 'done' } as const;
    await deps.audit.record({ ...event, actor: id, subject: id }, nowMs);
    logGrant(c.env, { sub: id });
    return c.body(null, 204);
  };
