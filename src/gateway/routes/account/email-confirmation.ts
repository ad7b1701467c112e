import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { ANYONE, jsonBody, NO_CONTENT, type Operation } from '../../../http/operation.ts';
import type { AccountMail } from '../../../mail/account-mail.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { confirmEmail } from '../../../users/email-change.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { recordEvent } from '../../request-context.ts';

const confirmSchema = z.strictObject({ token: z.string().min(1).max(128) });

export const emailConfirmationOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/auth/email/confirm',
  id: 'confirmEmail',
  tag: 'Account',
  summary: 'Confirm an email address with the token from the email',
  description: 'The token can be used once. The address replaces the previous one.',
  access: ANYONE,
  body: jsonBody(confirmSchema),
  responses: NO_CONTENT,
  refusals: ['email_token_invalid', 'redis_unavailable'],
};

interface EmailConfirmationDeps {
  redis: RedisStore;
  audit: AuditLog;
  accountMail: AccountMail | undefined;
}

/** Replaces the user's address, and tells the previous one, also if the change cannot be recorded. */
export const confirmEmailAddress =
  ({ redis, audit, accountMail }: EmailConfirmationDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const { nowMs } = c.env;
    const body = await c.env.body.json(confirmSchema);
    if (body instanceof Refusal) return refuse(c.env, body);
    const outcome = await confirmEmail(redis, body.token, nowMs);
    if (outcome instanceof Refusal) return refuse(c.env, outcome);
    const { user, previous } = outcome;
    const { id, role, email } = user;
    const event = { action: 'email_change', result: 'done', actor: id, role, subject: id } as const;
    try {
      await recordEvent(audit, c.env, event);
    } finally {
      if (previous !== undefined && previous !== email) accountMail?.addressChanged(previous, nowMs);
    }
    logGrant(c.env, { sub: user.id });
    return c.body(null, 204);
  };
