import { z } from 'zod';
import type { AuditTrail } from '../../../audit/event.ts';
import { readJsonBody } from '../../../http/input.ts';
import type { RedisLink } from '../../../redis/connection.ts';
import { Refusal } from '../../../refusal.ts';
import type { LoginLimiter } from '../../../users/login-limiter.ts';
import { passwordSchema } from '../../../users/password-rules.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';
import { changeUser } from '../../../users/update.ts';
import { findUser, type User } from '../../../users/users.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute, GatewayContext } from '../../pipeline/guards.ts';
import type { Authenticated } from '../../request-context.ts';
import { auditFields } from '../../request-context.ts';
import { hashNewPassword } from './new-password.ts';

export const passwordChangeSchema = z.strictObject({
  current_password: passwordSchema,
  new_password: z.string().max(1024),
});
type PasswordChange = z.output<typeof passwordChangeSchema>;

export interface PasswordDeps {
  redis: RedisLink;
  hasher: PasswordHasher;
  throttle: LoginLimiter;
  audit: AuditTrail;
  authBodyMaxBytes: number;
}

/** Changes the own password. All other sessions end in the same step; this one goes on. */
export const changePassword =
  (deps: PasswordDeps): AuthenticatedRoute =>
  async (c, who) => {
    const { incoming, outgoing, clientAddress } = c.env;
    const body = await readJsonBody(incoming, outgoing, passwordChangeSchema, deps.authBodyMaxBytes);
    if (body instanceof Refusal) return refuse(c.env, body, who.claims);
    const user = await findUser(deps.redis, who.claims.sub);
    if (user === undefined) return refuse(c.env, new Refusal('user_not_active'), who.claims);
    const retryAfterSeconds = await deps.throttle.take(user.username, clientAddress);
    if (retryAfterSeconds > 0)
      return refuse(c.env, new Refusal('login_throttled', { retryAfterSeconds }), who.claims);
    const outcome = await change(deps, c, { ...who, user, body });
    if (outcome instanceof Refusal) return refuse(c.env, outcome, who.claims);
    const result = outcome instanceof Refusal ? 'refused' : 'done';
    const { sub, sid } = who.claims;
    const event = { ...auditFields(c.env), action: 'password_change', result, actor: sub } as const;
    await deps.audit.record({ ...event, subject: sub, session: sid }, c.env.nowMs);
    return outcome instanceof Refusal ? refuse(c.env, outcome, who.claims) : c.body(null, 204);
  };

async function change(
  { redis, hasher, throttle }: PasswordDeps,
  { env }: GatewayContext,
  { user, body, claims, authorization }: Authenticated & { user: User; body: PasswordChange },
) {
  const { username, passwordHash: current } = user;
  const matches = await hasher.verify(body.current_password, current).catch(async (fault: unknown) => {
    await throttle.giveBack(username, env.clientAddress);
    throw fault;
  });
  if (!matches) return new Refusal('password_wrong');
  await throttle.succeeded(username, env.clientAddress);
  const hash = { field: 'new_password', password: body.new_password, username };
  const passwordHash = await hashNewPassword(hasher, hash);
  if (passwordHash instanceof Refusal) return passwordHash;
  return changeUser(redis, user.id, (present) => {
    if (present.generation !== authorization.generation) return new Refusal('session_over');
    if (present.passwordHash !== current) return new Refusal('password_wrong');
    return { set: { passwordHash }, end: { keepSid: claims.sid, keepJti: claims.jti } };
  });
}
