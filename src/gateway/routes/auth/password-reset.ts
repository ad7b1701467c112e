import { z } from 'zod';
import type { AuditTrail } from '../../../audit/event.ts';
import { BodyRefusal, readJsonBody } from '../../../http/json-body.ts';
import type { Mailer } from '../../../mail/mailer.ts';
import type { ActThrottle } from '../../../redis/rate-limiter.ts';
import { Refusal } from '../../../refusal.ts';
import { foldUsername } from '../../../users/fields.ts';
import {
  holderOfReset,
  issueResetToken,
  type ResetParts,
  resetMail,
  spendResetToken,
} from '../../../users/password-reset.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';
import { findUserByName } from '../../../users/users.ts';
import type { GatewayContext } from '../../pipeline/authenticate.ts';
import { type Arrival, auditFields, logGrant, refuse } from '../../request-context.ts';
import { hashNewPassword } from './new-password.ts';

export const resetAskSchema = z.strictObject({ username: z.string().min(1).max(128) });
export const resetConfirmSchema = z.strictObject({
  token: z.string().min(1).max(4096),
  new_password: z.string().max(1024),
});

export interface PasswordResetParts extends ResetParts {
  hasher: PasswordHasher;
  audit: AuditTrail;
  authBodyMaxBytes: number;
  /** Undefined where there is no way to reach people: then nobody can reset a password by themself. */
  mailer: Mailer | undefined;
  resetUrl: string;
  resetThrottle: { username: ActThrottle; address: ActThrottle };
}

/**
 * Sends a one-time token to the address of a user. The answer leaves before anything is looked up, so that neither
 * it nor its time tells whether there is such a user.
 */
export const askReset =
  (parts: PasswordResetParts) =>
  async (c: GatewayContext): Promise<Response> => {
    const { incoming, outgoing, clientAddress } = c.env;
    if (parts.mailer === undefined) return refuse(c.env, new Refusal('route_unknown'));
    const body = await readJsonBody(incoming, outgoing, resetAskSchema, parts.authBodyMaxBytes);
    if (body instanceof BodyRefusal) return refuse(c.env, body, {}, { errors: body.errors });
    const { address, username } = parts.resetThrottle;
    const retryAfterSeconds =
      (await address.take(clientAddress)) || (await username.take(foldUsername(body.username)));
    if (retryAfterSeconds > 0) return refuse(c.env, new Refusal('act_throttled'), {}, { retryAfterSeconds });
    void sendReset(parts, parts.mailer, c.env, body.username).catch((err: unknown) =>
      c.env.log.error({ err, requestId: c.env.requestId }, 'a password reset could not be sent'),
    );
    logGrant(c.env, {});
    return c.body(null, 202);
  };

async function sendReset(
  parts: PasswordResetParts,
  mailer: Mailer,
  arrival: Arrival,
  username: string,
): Promise<void> {
  const user = await findUserByName(parts.redis, username);
  const event = { ...auditFields(arrival), action: 'password_reset_ask', subject: user?.id } as const;
  const refused = (detail: string) =>
    parts.audit.record({ ...event, result: 'refused', detail }, arrival.nowMs);
  if (user === undefined) return refused('no such user');
  if (user.email === undefined) return refused('no address');
  const token = await issueResetToken(parts, user.id, arrival.nowMs);
  if (token instanceof Refusal) return refused(token.reason);
  await parts.audit.record({ ...event, result: 'done' }, arrival.nowMs);
  await mailer.send(resetMail(user.email, { resetUrl: parts.resetUrl, token, askedBy: 'user' }));
}

/** Sets a new password with a reset token, which is used up by it. All sessions of the user end. */
export const confirmReset =
  (parts: PasswordResetParts) =>
  async (c: GatewayContext): Promise<Response> => {
    const { incoming, outgoing, clientAddress: address, nowMs } = c.env;
    const body = await readJsonBody(incoming, outgoing, resetConfirmSchema, parts.authBodyMaxBytes);
    if (body instanceof BodyRefusal) return refuse(c.env, body, {}, { errors: body.errors });
    const holder = await holderOfReset(parts, { token: body.token, address }, nowMs);
    if (holder instanceof Refusal) return refuse(c.env, holder);
    const { id, username } = holder.user;
    const given = { field: 'new_password', password: body.new_password, username };
    const hash = await hashNewPassword(parts.hasher, given);
    if (hash instanceof BodyRefusal) return refuse(c.env, hash, { sub: id }, { errors: hash.errors });
    const outcome = await spendResetToken(parts.redis, holder, hash);
    if (outcome instanceof Refusal) return refuse(c.env, outcome, { sub: id });
    const event = { ...auditFields(c.env), action: 'password_reset', result: 'done' } as const;
    await parts.audit.record({ ...event, actor: id, subject: id }, nowMs);
    logGrant(c.env, { sub: id });
    return c.body(null, 204);
  };
