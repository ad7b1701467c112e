import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { ANYONE, jsonBody, type Operation } from '../../../http/operation.ts';
import type { AccountMail } from '../../../mail/account-mail.ts';
import type { RateLimiter } from '../../../redis/rate-limiter.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { pendingEmail } from '../../../users/email-change.ts';
import { displayNameSchema, emailSchema, registeredUsernameSchema } from '../../../users/fields.ts';
import type { PasswordQueue } from '../../../users/logins/password-queue.ts';
import { addUser, type PendingEmail } from '../../../users/users.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { recordEvent } from '../../request-context.ts';
import { hashNewPassword, type NewPasswordDeps } from '../password/password.ts';

const registerSchema = z
  .strictObject({
    username: registeredUsernameSchema,
    password: z.string().max(1024),
    display_name: displayNameSchema.optional(),
    email: emailSchema.optional(),
  })
  .meta({ id: 'Registration' });

const registeredResponseSchema = z.strictObject({ id: z.string(), username: z.string() });

export const registerOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/auth/register',
  id: 'register',
  tag: 'Authentication',
  summary: 'Create your own account',
  description:
    'Only if self-registration is allowed. Otherwise the route does not exist. An email address is not used until it is confirmed with the link that is sent to it.',
  access: ANYONE,
  body: jsonBody(registerSchema),
  responses: { 201: { description: 'The account.', schema: registeredResponseSchema } },
  refusals: ['route_unknown', 'username_taken', 'rate_limited', 'password_queue_full', 'redis_unavailable'],
};

export interface RegisterDeps extends NewPasswordDeps {
  redis: RedisStore;
  audit: AuditLog;
  registration: 'closed' | 'open';
  /** By client address. */
  registrationLimiter: RateLimiter;
  passwordQueue: PasswordQueue;
  emailConfirmationSeconds: number;
  accountMail: AccountMail | undefined;
}

/**
 * Creates an account with the lowest role, if registration is open. The response has to reveal that a username is
 * taken, so attempts are rate-limited; a free and a taken username take the same work.
 */
export const register =
  (deps: RegisterDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    if (deps.registration === 'closed') return refuse(c.env, new Refusal('route_unknown'));
    const body = await c.env.body.json(registerSchema);
    if (body instanceof Refusal) return refuse(c.env, body);
    const { username, email } = body;
    const pending =
      email === undefined ? undefined : pendingEmail(email, deps.emailConfirmationSeconds, c.env.nowMs);
    const user = await createWithinLimit(deps, c, body, pending?.pendingEmail);
    if (user instanceof Refusal && user.reason !== 'username_taken') return refuse(c.env, user);
    const action = 'user_register';
    if (user instanceof Refusal) {
      await recordEvent(deps.audit, c.env, { action, result: 'refused', detail: user.reason });
      return refuse(c.env, user);
    }
    await recordEvent(deps.audit, c.env, { action, result: 'done', actor: user.id, subject: user.id });
    if (pending !== undefined)
      deps.accountMail?.confirmAddress(pending.pendingEmail.address, pending.tokenFor(user.id));
    logGrant(c.env, { sub: user.id });
    return c.json({ id: user.id, username } satisfies z.output<typeof registeredResponseSchema>, 201);
  };

type Registration = z.output<typeof registerSchema>;

/** Creates the account unless the client's network has tried too often. What the gateway could not do is not counted. */
async function createWithinLimit(
  deps: RegisterDeps,
  c: GatewayContext,
  body: Registration,
  pending: PendingEmail | undefined,
) {
  const attempt = await deps.registrationLimiter.hold(c.env.clientAddress, c.env.nowMs);
  if (attempt instanceof Refusal) return attempt;
  const user = await createAccount(deps, c, body, pending).catch(async (fault) => {
    await attempt.settle('release').catch(() => {});
    throw fault;
  });
  const isBusy = user instanceof Refusal && user.reason === 'password_queue_full';
  await attempt.settle(isBusy ? 'release' : 'count');
  return user;
}

async function createAccount(
  deps: RegisterDeps,
  { env }: GatewayContext,
  { username, password, display_name: displayName = username, email }: Registration,
  pending: PendingEmail | undefined,
) {
  const owner = { username, displayName, email };
  const passwordHash = await deps.passwordQueue.run({ rank: 'stranger', address: env.clientAddress }, () =>
    hashNewPassword(deps, { field: 'password', password, owner }),
  );
  if (passwordHash instanceof Refusal) return passwordHash;
  const newUser = { username, displayName, pendingEmail: pending, passwordHash, role: 'user' } as const;
  return addUser(deps.redis, newUser, new Date(env.nowMs));
}
