import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { jsonBody, LOGGED_IN, type Operation, ok } from '../../../http/operation.ts';
import type { AccountMail } from '../../../mail/account-mail.ts';
import type { RateLimiter } from '../../../redis/rate-limiter.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { pendingEmail, requestEmailChange } from '../../../users/email-change.ts';
import { emailSchema } from '../../../users/fields.ts';
import type { FailureLimiter } from '../../../users/logins/failure-limiter.ts';
import { passwordSchema } from '../../../users/password-rules.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';
import { findUser, type User } from '../../../users/users.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute, GatewayContext } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { type Authenticated, recordEvent } from '../../request-context.ts';
import { deviceNameOf } from '../auth/device-name.ts';

const emailChangeSchema = z
  .strictObject({ email: emailSchema, current_password: passwordSchema })
  .meta({ id: 'EmailChange' });

export const emailResponseSchema = z
  .strictObject({
    email: z.string().nullable().describe('The confirmed address, which gets reset links and notices'),
    unconfirmed_email: z.string().nullable().describe('An address that replaces it once it is confirmed'),
    can_change: z.boolean().describe('Whether emails are set up, so that the address can be changed'),
  })
  .meta({ id: 'EmailAddresses' });

export const emailOperations: readonly Operation<GatewayReason>[] = [
  {
    method: 'get',
    path: '/auth/email',
    id: 'getEmail',
    tag: 'Account',
    summary: 'Get your own email addresses',
    access: LOGGED_IN,
    responses: ok('The addresses.', emailResponseSchema),
  },
  {
    method: 'put',
    path: '/auth/email',
    id: 'changeEmail',
    tag: 'Account',
    summary: 'Change your own email address',
    description:
      'A confirmation link is sent to the new address, and a notice to the present one, which stays in use until the new one is confirmed. If emails are not set up, the route does not exist.',
    access: LOGGED_IN,
    body: jsonBody(emailChangeSchema),
    responses: { 202: { description: 'An email with a link is sent to the new address.' } },
    refusals: ['route_unknown', 'password_wrong', 'login_throttled', 'rate_limited', 'password_queue_full'],
  },
];

export interface EmailDeps {
  redis: RedisStore;
  hasher: PasswordHasher;
  /** Counts wrong current passwords by session. */
  passwordChangeLimiter: FailureLimiter;
  /** Counts changes by user id. */
  emailLimiter: RateLimiter;
  emailConfirmationSeconds: number;
  audit: AuditLog;
  /** Without it addresses cannot be changed. */
  accountMail: AccountMail | undefined;
}

export const readEmail =
  ({ redis, accountMail }: Pick<EmailDeps, 'redis' | 'accountMail'>): AuthenticatedRoute =>
  async (c, { claims }) => {
    const user = await findUser(redis, claims.sub);
    if (user === undefined) return refuse(c.env, new Refusal('user_not_active'), claims);
    const body: z.output<typeof emailResponseSchema> = {
      email: user.email ?? null,
      unconfirmed_email: user.pendingEmail?.address ?? null,
      can_change: accountMail !== undefined,
    };
    return c.json(body);
  };

/** Starts a change of the address of the user who sends the request. */
export const changeEmail =
  (deps: EmailDeps): AuthenticatedRoute =>
  async (c, who) => {
    const { incoming, nowMs } = c.env;
    const { accountMail, emailConfirmationSeconds } = deps;
    if (accountMail === undefined) return refuse(c.env, new Refusal('route_unknown'), who.claims);
    const body = await c.env.body.json(emailChangeSchema);
    if (body instanceof Refusal) return refuse(c.env, body, who.claims);
    const fault = (await checkPassword(deps, c, who, body.current_password)) ?? (await who.checkAgain());
    const next = pendingEmail(body.email, emailConfirmationSeconds, nowMs);
    const { generation } = who.authorization;
    const { sub: userId, sid, jti } = who.claims;
    const change = { userId, generation, sid, jti, address: c.env.clientAddress };
    const outcome = fault ?? (await requestEmailChange(deps.redis, change, next.pendingEmail));
    await record(deps.audit, c, who, outcome);
    if (outcome instanceof Refusal) return refuse(c.env, outcome, who.claims);
    accountMail.confirmAddress(body.email, next.tokenFor(outcome.id));
    const occasion = {
      device: deviceNameOf(incoming.headers['user-agent']),
      address: c.env.clientAddress,
      nowMs,
    };
    if (outcome.email !== undefined) accountMail.addressChangeRequested(outcome.email, occasion);
    return c.body(null, 202);
  };

/** Why the user may not change the address: this is not their password, or they have changed it too often. */
async function checkPassword(
  { redis, hasher, passwordChangeLimiter, emailLimiter }: EmailDeps,
  { env }: GatewayContext,
  { claims }: Authenticated,
  password: string,
): Promise<Refusal<'user_not_active' | 'login_throttled' | 'password_wrong' | 'rate_limited'> | undefined> {
  const user = await findUser(redis, claims.sub);
  if (user === undefined) return new Refusal('user_not_active');
  const attempt = await passwordChangeLimiter.attempt(claims.sid, env.nowMs, async () => ({
    succeeded: await hasher.verify(password, user.passwordHash),
  }));
  if (attempt instanceof Refusal) return attempt;
  if (!attempt.succeeded) return new Refusal('password_wrong');
  const retryAfterSeconds = await emailLimiter.take(user.id, env.nowMs);
  return retryAfterSeconds > 0 ? new Refusal('rate_limited', { retryAfterSeconds }) : undefined;
}

function record(
  audit: AuditLog,
  { env }: GatewayContext,
  { claims: { sub, sid }, authorization: { role } }: Authenticated,
  outcome: User | Refusal<GatewayReason>,
): Promise<void> {
  const event = { action: 'email_change_ask', actor: sub, role, subject: sub, session: sid } as const;
  return outcome instanceof Refusal
    ? recordEvent(audit, env, { ...event, result: 'refused', detail: outcome.reason })
    : recordEvent(audit, env, { ...event, result: 'done' });
}
