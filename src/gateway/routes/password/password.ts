import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { jsonBody, LOGGED_IN, NO_CONTENT, type Operation } from '../../../http/operation.ts';
import type { AccountMail } from '../../../mail/account-mail.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { isAddressAllowed } from '../../../users/authorization.ts';
import type { FailureLimiter } from '../../../users/logins/failure-limiter.ts';
import { viaDetail } from '../../../users/password-reset.ts';
import { type PasswordOwner, type PasswordRules, passwordSchema } from '../../../users/password-rules.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';
import { changeUser } from '../../../users/update.ts';
import { findUser, type User } from '../../../users/users.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute, GatewayContext, RouteUser } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { type Authenticated, type RequestContext, recordEvent } from '../../request-context.ts';
import { deviceNameOf } from '../auth/device-name.ts';

const passwordChangeSchema = z
  .strictObject({ current_password: passwordSchema, new_password: z.string().max(1024) })
  .meta({ id: 'PasswordChange' });

export const passwordOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/auth/password',
  id: 'changePassword',
  tag: 'Account',
  summary: 'Change your own password',
  description: 'All other sessions end at the same moment. This one continues.',
  access: LOGGED_IN,
  body: jsonBody(passwordChangeSchema),
  responses: NO_CONTENT,
  refusals: ['password_wrong', 'login_throttled', 'password_queue_full', 'revocation_not_durable'],
};

export interface PasswordDeps extends NewPasswordDeps {
  redis: RedisStore;
  /** Counts wrong current passwords by session. */
  passwordChangeLimiter: FailureLimiter;
  audit: AuditLog;
  accountMail: AccountMail | undefined;
}

/** Changes the password of the user who sends the request. */
export const changePassword =
  (deps: PasswordDeps): AuthenticatedRoute =>
  async (c, who) => {
    const { nowMs } = c.env;
    const { sub, sid } = who.claims;
    const body = await c.env.body.json(passwordChangeSchema);
    if (body instanceof Refusal) return refuse(c.env, body, who.claims);
    const user = await findUser(deps.redis, sub);
    if (user === undefined) return refuse(c.env, new Refusal('user_not_active'), who.claims);
    const attempt = await deps.passwordChangeLimiter.attempt(sid, nowMs, async () => ({
      succeeded: await deps.hasher.verify(body.current_password, user.passwordHash),
    }));
    if (attempt instanceof Refusal) return refuse(c.env, attempt, who.claims);
    const outcome = attempt.succeeded
      ? await replacePassword(deps, c, who, { user, password: body.new_password })
      : new Refusal('password_wrong');
    if (outcome instanceof Refusal && outcome.reason === 'body_wrong')
      return refuse(c.env, outcome, who.claims);
    await report(deps, c, who, { user, outcome });
    return outcome instanceof Refusal ? refuse(c.env, outcome, who.claims) : c.body(null, 204);
  };

/**
 * Sets the new password, unless the user's sessions were ended since the request was authenticated, as every change of the
 * password does, or the client's address or token is no longer accepted. The stored hash is not compared: a login may have replaced it by a stronger one of the same password.
 */
async function replacePassword(
  deps: PasswordDeps,
  { env }: GatewayContext,
  { claims, authorization, checkAgain }: RouteUser,
  { user, password }: { user: User; password: string },
) {
  const passwordHash = await hashNewPassword(deps, { field: 'new_password', password, owner: user });
  if (passwordHash instanceof Refusal) return passwordHash;
  const refusal = await checkAgain();
  if (refusal !== undefined) return refusal;
  return changeUser(deps.redis, user.id, (present) => {
    if (present.generation !== authorization.generation) return new Refusal('session_over');
    if (!isAddressAllowed(present, env.clientAddress)) return new Refusal('address_refused');
    return {
      set: { passwordHash, passwordVia: undefined },
      end: { keepSid: claims.sid, keepJti: claims.jti },
    };
  });
}

/** Records the outcome, and tells the user if the password has changed. */
async function report(
  { audit, accountMail }: PasswordDeps,
  { env }: GatewayContext,
  { claims: { sub, sid }, authorization: { role } }: Authenticated,
  { user, outcome }: { user: User; outcome: User | Refusal<GatewayReason> },
): Promise<void> {
  const result = outcome instanceof Refusal ? 'refused' : 'done';
  const event = { action: 'password_change', actor: sub, role, subject: sub, session: sid } as const;
  try {
    await recordEvent(audit, env, { ...event, result, detail: viaDetail(user) });
  } finally {
    if (!(outcome instanceof Refusal)) announcePasswordChange(accountMail, env, outcome);
  }
}

/** Tells the user, also if the change cannot be recorded. */
export function announcePasswordChange(
  accountMail: AccountMail | undefined,
  { incoming, clientAddress: address, nowMs }: RequestContext,
  { email }: User,
): void {
  if (email === undefined) return;
  const device = deviceNameOf(incoming.headers['user-agent']);
  accountMail?.passwordChanged(email, { device, address, nowMs });
}

export interface NewPasswordDeps {
  hasher: PasswordHasher;
  passwordRules: PasswordRules;
}

/** The hash of a new password, or a refusal that names its field. @throws {PasswordQueueFull} */
export async function hashNewPassword(
  { hasher, passwordRules }: NewPasswordDeps,
  { field, password, owner }: { field: string; password: string; owner: PasswordOwner },
): Promise<string | Refusal<'body_wrong'>> {
  const message = await passwordRules.faultOf(password, owner);
  return message === undefined
    ? hasher.hash(password)
    : new Refusal('body_wrong', { errors: [{ field, message }] });
}
