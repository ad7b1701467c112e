import { z } from 'zod';
import { RESET_TTL_SECONDS } from '../../../jwt/reset-token.ts';
import { MailUnavailable } from '../../../mail/mailer.ts';
import { Refusal } from '../../../refusal.ts';
import { endSession } from '../../../sessions/end.ts';
import { listSessions, sessionSummarySchema } from '../../../sessions/list.ts';
import { issueResetToken, resetMail } from '../../../users/password-reset.ts';
import { mayActOn } from '../../../users/roles.ts';
import { findUser, type User } from '../../../users/users.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute, GatewayContext } from '../../pipeline/guards.ts';
import { auditFields } from '../../request-context.ts';
import type { PasswordResetDeps } from '../auth/password-reset.ts';
import { act } from './user-actions.ts';
import type { AdminUsersDeps } from './users.ts';

export const resetResponseSchema = z.strictObject({
  delivery: z
    .enum(['mail', 'answer', 'none'])
    .describe(
      'by mail; in this answer, for a user without an address; or not at all, for one who is blocked',
    ),
  reset_token: z.string().optional(),
  expires_in: z.int().optional().describe('seconds that the token is good for'),
});
type ResetAnswer = z.output<typeof resetResponseSchema>;

export const userSessionsResponseSchema = z.strictObject({ sessions: z.array(sessionSummarySchema) });

export type UserAccessDeps = AdminUsersDeps & PasswordResetDeps;

/**
 * Takes the password away: all sessions end, the old password opens nothing any more, and a one-time token to set
 * a new one goes to the user's address, or, where there is none, into this answer and nowhere else.
 */
export const resetUserPassword =
  (deps: UserAccessDeps): AuthenticatedRoute =>
  async (c, who) => {
    const passwordHash = await deps.hasher.decoy();
    const change = () => ({ set: { passwordHash }, end: 'all' }) as const;
    const user = await act(deps, c, who, { action: 'password_reset_ask', change });
    if (user instanceof Refusal) return refuse(c.env, user, who.claims);
    if (user.status === 'blocked') return c.json({ delivery: 'none' } satisfies ResetAnswer);
    const token = await issueResetToken(deps, user.id, c.env.nowMs);
    if (token instanceof Refusal) return refuse(c.env, new Refusal('user_unknown', token.reason), who.claims);
    return deliver(deps, c, user, token);
  };

async function deliver(
  { mailer, resetUrl }: UserAccessDeps,
  c: GatewayContext,
  { email }: User,
  token: string,
): Promise<Response> {
  if (mailer === undefined || email === undefined) {
    const answer: ResetAnswer = { delivery: 'answer', reset_token: token, expires_in: RESET_TTL_SECONDS };
    return c.json(answer);
  }
  try {
    await mailer.send(resetMail(email, { resetUrl, token, askedBy: 'staff' }));
    return c.json({ delivery: 'mail' } satisfies ResetAnswer);
  } catch (fault) {
    if (!(fault instanceof MailUnavailable)) throw fault;
    c.env.log.error({ err: fault, requestId: c.env.requestId }, 'a password reset could not be sent');
    return refuse(c.env, new Refusal('mail_unavailable'));
  }
}

/** Where is this user logged in? */
export const userSessions =
  ({ redis }: AdminUsersDeps): AuthenticatedRoute =>
  async (c, { claims }) => {
    const user = await findUser(redis, c.req.param('id') ?? '');
    if (user === undefined) return refuse(c.env, new Refusal('user_unknown'), claims);
    const sessions = await listSessions(redis, user.id);
    const answer: z.output<typeof userSessionsResponseSchema> = { sessions };
    return c.json(answer);
  };

/** Ends one session of a user. */
export const endUserSession =
  ({ redis, audit }: AdminUsersDeps): AuthenticatedRoute =>
  async (c, { claims, authorization }) => {
    const user = await findUser(redis, c.req.param('id') ?? '');
    if (user === undefined) return refuse(c.env, new Refusal('user_unknown'), claims);
    const sid = c.req.param('sid') ?? '';
    const refusal = mayActOn({ id: claims.sub, role: authorization.role }, user);
    if (refusal !== undefined) return refuse(c.env, refusal, claims);
    if (!(await endSession(redis, user.id, sid)))
      return refuse(c.env, new Refusal('session_unknown'), claims);
    const event = { ...auditFields(c.env), action: 'session_end', result: 'done' } as const;
    await audit.record({ ...event, actor: claims.sub, subject: user.id, session: sid }, c.env.nowMs);
    return c.body(null, 204);
  };
