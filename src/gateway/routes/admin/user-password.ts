import { z } from 'zod';
import { ok } from '../../../http/operation.ts';
import { RESET_TTL_SECONDS } from '../../../jwt/reset-token.ts';
import { type Mailer, MailUnavailable } from '../../../mail/mailer.ts';
import { Refusal } from '../../../refusal.ts';
import { issueResetToken, type ResetDeps, resetMail } from '../../../users/password-reset.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';
import type { User } from '../../../users/users.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute, GatewayContext } from '../../pipeline/guards.ts';
import { type AdminActionDeps, runAdminAction } from './admin-action.ts';
import { actionOperation } from './user-actions.ts';

export const resetResponseSchema = z
  .strictObject({
    delivery: z
      .enum(['mail', 'answer', 'none'])
      .describe(
        'By email; in this response if the user has no confirmed email address, outside production only; or not at all if the user is blocked',
      ),
    reset_token: z.string().optional(),
    expires_in: z.int().optional().describe('Lifetime of the token in seconds'),
  })
  .meta({ id: 'PasswordResetDelivery' });
type ResetResponse = z.output<typeof resetResponseSchema>;

export const userPasswordOperation = actionOperation({
  method: 'post',
  name: 'password-reset',
  id: 'resetUserPassword',
  summary: "Invalidate a user's password and send a reset link",
  responses: ok('How the reset token is delivered.', resetResponseSchema),
  description:
    'In production, staff never see the token: if it cannot be sent to a confirmed address, nothing is changed.',
  refusals: ['reset_undeliverable', 'mail_unavailable', 'password_queue_full'],
});

export interface AdminResetDeps extends AdminActionDeps, ResetDeps {
  hasher: PasswordHasher;
  mailer: Mailer | undefined;
  resetUrl: string;
  /** Whether staff may get a token that cannot be sent by email. Never in production. */
  showsResetTokens: boolean;
}

/**
 * Invalidates a user's password, ends all sessions and issues a one-time token for a new password. The token is
 * emailed. If that is not possible, it is returned in the response and nowhere else, or in production nothing is changed:
 * staff who see the token could log in as the customer.
 */
export const resetUserPassword =
  (deps: AdminResetDeps): AuthenticatedRoute =>
  async (c, who) => {
    const passwordHash = await deps.hasher.decoy();
    const via = `staff reset by ${who.claims.sub}`;
    let token: string | Refusal<'user_not_active' | 'reset_recent'> | undefined;
    const user = await runAdminAction(deps, c, who, {
      action: 'password_reset_ask',
      change: (target) =>
        isDeliverable(deps, target)
          ? { set: { passwordHash }, end: 'all' }
          : new Refusal('reset_undeliverable'),
      follow: async ({ id, status }) => {
        if (status === 'active') token = await issueResetToken(deps, id, c.env.nowMs, { via });
      },
    });
    if (user instanceof Refusal) return refuse(c.env, user, who.claims);
    if (token === undefined) return c.json({ delivery: 'none' } satisfies ResetResponse);
    if (token instanceof Refusal) return refuse(c.env, new Refusal('user_unknown', token.reason), who.claims);
    return deliver(deps, c, user, token);
  };

const isDeliverable = ({ mailer, showsResetTokens }: AdminResetDeps, { email }: User): boolean =>
  showsResetTokens || (mailer !== undefined && email !== undefined);

async function deliver(
  { mailer, resetUrl }: AdminResetDeps,
  c: GatewayContext,
  { email }: User,
  token: string,
): Promise<Response> {
  if (mailer === undefined || email === undefined) {
    const body: ResetResponse = { delivery: 'answer', reset_token: token, expires_in: RESET_TTL_SECONDS };
    return c.json(body);
  }
  try {
    await mailer.send(resetMail(email, { resetUrl, token, askedBy: 'staff' }));
    return c.json({ delivery: 'mail' } satisfies ResetResponse);
  } catch (fault) {
    if (!(fault instanceof MailUnavailable)) throw fault;
    c.env.log.error({ err: fault, requestId: c.env.requestId }, 'a password reset could not be sent');
    return refuse(c.env, new Refusal('mail_unavailable'));
  }
}
