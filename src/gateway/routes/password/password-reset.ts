import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { ANYONE, jsonBody, type Operation } from '../../../http/operation.ts';
import type { Outbox } from '../../../mail/outbox.ts';
import { Refusal } from '../../../refusal.ts';
import { type Device, MAX_DEVICE_TOKEN_CHARACTERS } from '../../../users/logins/device-token.ts';
import { issueResetToken, type ResetDeps, resetMail } from '../../../users/password-reset.ts';
import { findUserByName } from '../../../users/users.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { type RequestContext, recordEvent } from '../../request-context.ts';
import type { Site } from '../../site.ts';
import { presentedDevice } from '../auth/device.ts';
import {
  RESET_TOKEN_MIN_AGE_SECONDS,
  type ResetLimiters,
  takeResetRequest,
  withinMailLimit,
} from './reset-limits.ts';

const requestSchema = z.strictObject({
  username: z.string().min(1).max(128),
  device_token: z.string().max(MAX_DEVICE_TOKEN_CHARACTERS).optional(),
});

export const passwordResetOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/auth/password-reset',
  id: 'askForPasswordReset',
  tag: 'Authentication',
  summary: 'Request a password reset by email',
  description: 'The response is the same whether the user exists or not.',
  access: ANYONE,
  body: jsonBody(requestSchema),
  responses: {
    202: { description: 'If the user exists and has a confirmed email address, an email is sent.' },
  },
  refusals: ['route_unknown', 'rate_limited', 'redis_unavailable'],
};

export interface PasswordResetDeps extends ResetDeps {
  audit: AuditLog;
  /** Without it users cannot reset their own password. */
  outbox: Outbox | undefined;
  resetUrl: string;
  resetLimiters: ResetLimiters;
  deviceKey: Uint8Array;
  site: Site;
}

/**
 * Emails a one-time token. The response is sent before the user is looked up, so that neither its content nor its
 * timing reveals whether the user exists.
 */
export const requestPasswordReset =
  (deps: PasswordResetDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const { clientAddress: address, requestId, log, nowMs } = c.env;
    if (deps.outbox === undefined) return refuse(c.env, new Refusal('route_unknown'));
    const body = await c.env.body.json(requestSchema);
    if (body instanceof Refusal) return refuse(c.env, body);
    const { username } = body;
    const device = presentedDevice(deps, c, body.device_token);
    const retryAfterSeconds = await takeResetRequest(
      deps.resetLimiters,
      { username, address, device },
      nowMs,
    );
    if (retryAfterSeconds > 0) return refuse(c.env, new Refusal('rate_limited', { retryAfterSeconds }));
    void sendReset(deps, deps.outbox, c.env, { username, device }).catch((err: unknown) =>
      log.error({ err, requestId }, 'a password reset could not be sent'),
    );
    logGrant(c.env, {});
    return c.body(null, 202);
  };

async function sendReset(
  deps: PasswordResetDeps,
  outbox: Outbox,
  context: RequestContext,
  { username, device }: { username: string; device: Device | undefined },
): Promise<void> {
  const { nowMs } = context;
  const user = await findUserByName(deps.redis, username);
  if (user === undefined)
    return context.log.info({ event: 'reset_for_nobody', requestId: context.requestId });
  const event = { action: 'password_reset_ask', subject: user.id, role: user.role } as const;
  const refused = (detail: string) =>
    recordEvent(deps.audit, context, { ...event, result: 'refused', detail });
  if (user.email === undefined) return refused('no address');
  const issue = () => issueResetToken(deps, user.id, nowMs, { minAgeSeconds: RESET_TOKEN_MIN_AGE_SECONDS });
  const token = await withinMailLimit(deps.resetLimiters, { user, device, nowMs }, issue);
  if (token === undefined) return;
  if (token instanceof Refusal) return refused(token.reason);
  await recordEvent(deps.audit, context, { ...event, result: 'done' });
  outbox.post(resetMail(user.email, { resetUrl: deps.resetUrl, token, askedBy: 'user' }));
}
