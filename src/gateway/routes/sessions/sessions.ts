import { z } from 'zod';
import type { AuditAction, AuditTrail } from '../../../audit/event.ts';
import { checkQuery } from '../../../http/input.ts';
import type { RedisLink } from '../../../redis/connection.ts';
import { Refusal } from '../../../refusal.ts';
import { endOtherSessions, endSession } from '../../../sessions/end.ts';
import { listSessions, sessionSummarySchema } from '../../../sessions/list.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute, GatewayContext } from '../../pipeline/guards.ts';
import { auditFields } from '../../request-context.ts';

export interface SessionsDeps {
  redis: RedisLink;
  audit: AuditTrail;
}

export const ownSessionsResponseSchema = z.strictObject({
  sessions: z.array(
    sessionSummarySchema.extend({ current: z.boolean().describe('whether it is the one that asks') }),
  ),
});

export const endSessionsQuerySchema = z.strictObject({
  keep: z.literal('current', 'wants current, or to be left out').optional(),
});
export const endedResponseSchema = z.strictObject({ ended: z.int().nonnegative().describe('how many') });

/** Where am I logged in? Ids here are never tokens, and knowing one opens nothing. */
export const ownSessions =
  ({ redis }: SessionsDeps): AuthenticatedRoute =>
  async (c, { claims }) => {
    const sessions = await listSessions(redis, claims.sub);
    const answer: z.output<typeof ownSessionsResponseSchema> = {
      sessions: sessions.map((one) => ({ ...one, current: one.session_id === claims.sid })),
    };
    return c.json(answer);
  };

/** Ends one of my sessions, perhaps this one. Another user's is answered like one that doesn't exist. */
export const endOwnSession =
  ({ redis, audit }: SessionsDeps): AuthenticatedRoute =>
  async (c, { claims }) => {
    const sid = c.req.param('sid') ?? '';
    if (!(await endSession(redis, claims.sub, sid)))
      return refuse(c.env, new Refusal('session_unknown'), claims);
    await recordEnd(audit, c, 'session_end', claims.sub, sid);
    return c.body(null, 204);
  };

/** Ends all of my sessions, or with `keep=current` all others. */
export const endOwnSessions =
  ({ redis, audit }: SessionsDeps): AuthenticatedRoute =>
  async (c, { claims }) => {
    const query = checkQuery(c.req.queries(), endSessionsQuerySchema);
    if (query instanceof Refusal) return refuse(c.env, query, claims);
    const ended = await endOtherSessions(redis, claims.sub, query.keep && claims.sid);
    await recordEnd(audit, c, 'sessions_end', claims.sub, undefined, `${ended} ended`);
    const answer: z.output<typeof endedResponseSchema> = { ended };
    return c.json(answer);
  };

function recordEnd(
  audit: AuditTrail,
  { env }: GatewayContext,
  action: AuditAction,
  sub: string,
  session?: string,
  detail?: string,
): Promise<void> {
  return audit.record(
    { ...auditFields(env), action, result: 'done', actor: sub, subject: sub, session, detail },
    env.nowMs,
  );
}
