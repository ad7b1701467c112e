import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { jsonBody, LOGGED_IN, NO_CONTENT, type Operation } from '../../../http/operation.ts';
import type { RedisLink } from '../../../redis/connection.ts';
import { Refusal } from '../../../refusal.ts';
import type { FailureLimiter } from '../../../users/logins/failure-limiter.ts';
import { passwordFault, passwordSchema } from '../../../users/password-rules.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';
import { changeUser } from '../../../users/update.ts';
import { findUser, type User } from '../../../users/users.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { type Authenticated, recordEvent } from '../../request-context.ts';

const passwordChangeSchema = z
  .strictObject({ current_password: passwordSchema, new_password: z.string().max(1024) })
  .meta({ id: 'PasswordChange' });
type PasswordChange = z.output<typeof passwordChangeSchema>;

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
  refusals: ['password_wrong', 'login_throttled', 'password_queue_full'],
};

export interface PasswordDeps {
  redis: RedisLink;
  hasher: PasswordHasher;
  /** Counts wrong current passwords by session. */
  passwordChangeLimiter: FailureLimiter;
  audit: AuditLog;
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
      ? await replacePassword(deps, who, user, body)
      : new Refusal('password_wrong');
    if (outcome instanceof Refusal && outcome.reason === 'body_wrong')
      return refuse(c.env, outcome, who.claims);
    const result = outcome instanceof Refusal ? 'refused' : 'done';
    const { role } = who.authorization;
    const event = { action: 'password_change', actor: sub, role, subject: sub, session: sid } as const;
    await recordEvent(deps.audit, c.env, { ...event, result });
    return outcome instanceof Refusal ? refuse(c.env, outcome, who.claims) : c.body(null, 204);
  };

/** Sets the new password, unless the user has been changed since the request was authenticated. */
async function replacePassword(
  { redis, hasher }: PasswordDeps,
  { claims, authorization }: Authenticated,
  { id, username, passwordHash: current }: User,
  { new_password: password }: PasswordChange,
) {
  const passwordHash = await hashNewPassword(hasher, { field: 'new_password', password, username });
  if (passwordHash instanceof Refusal) return passwordHash;
  return changeUser(redis, id, (present) => {
    if (present.generation !== authorization.generation) return new Refusal('session_over');
    if (present.passwordHash !== current) return new Refusal('password_wrong');
    return { set: { passwordHash }, end: { keepSid: claims.sid, keepJti: claims.jti } };
  });
}

/** The hash of a new password, or a refusal that names its field. @throws {PasswordQueueFull} */
export async function hashNewPassword(
  hasher: PasswordHasher,
  { field, password, username }: { field: string; password: string; username: string },
): Promise<string | Refusal<'body_wrong'>> {
  const message = await passwordFault(password, username);
  return message === undefined
    ? hasher.hash(password)
    : new Refusal('body_wrong', { errors: [{ field, message }] });
}
