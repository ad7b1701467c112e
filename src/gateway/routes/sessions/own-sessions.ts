import { z } from 'zod';
import type { AuditEvent, AuditLog } from '../../../audit/event.ts';
import { checkQuery } from '../../../http/input.ts';
import { idParameter, LOGGED_IN, NO_CONTENT, type Operation, ok } from '../../../http/operation.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { endOtherSessions, endSession } from '../../../sessions/end.ts';
import { listSessions, sessionSummarySchema } from '../../../sessions/list.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute, GatewayContext } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { type Authenticated, recordRevocation } from '../../request-context.ts';

export const ownSessionsResponseSchema = z
  .strictObject({
    sessions: z.array(
      sessionSummarySchema.extend({
        current: z.boolean().describe('Whether the request was sent in this session'),
      }),
    ),
  })
  .meta({ id: 'OwnSessions' });

const endSessionsQuerySchema = z.strictObject({
  keep: z.literal('current', 'must be "current" or left out').optional(),
});
const endedResponseSchema = z.strictObject({
  ended: z.int().nonnegative().describe('Number of ended sessions'),
});

export const ownSessionsOperations: readonly Operation<GatewayReason>[] = [
  {
    method: 'get',
    path: '/auth/sessions',
    id: 'listSessions',
    tag: 'Sessions',
    summary: 'List your own sessions',
    access: LOGGED_IN,
    responses: ok('The active sessions, most recently used first.', ownSessionsResponseSchema),
  },
  {
    method: 'delete',
    path: '/auth/sessions',
    id: 'endSessions',
    tag: 'Sessions',
    summary: 'End all of your sessions, or all except the current one',
    access: LOGGED_IN,
    parameters: { query: endSessionsQuerySchema },
    responses: ok('The number of ended sessions.', endedResponseSchema),
    refusals: ['query_wrong', 'revocation_not_durable'],
  },
  {
    method: 'delete',
    path: '/auth/sessions/{sid}',
    id: 'endSession',
    tag: 'Sessions',
    summary: 'End one of your sessions',
    access: LOGGED_IN,
    parameters: { path: idParameter('sid', 'A session id from the list') },
    responses: NO_CONTENT,
    refusals: ['session_unknown', 'revocation_not_durable'],
  },
];

export interface OwnSessionsDeps {
  redis: RedisStore;
  audit: AuditLog;
}

export const listOwnSessions =
  ({ redis }: Pick<OwnSessionsDeps, 'redis'>): AuthenticatedRoute =>
  async (c, { claims }) => {
    const sessions = await listSessions(redis, claims.sub);
    const body: z.output<typeof ownSessionsResponseSchema> = {
      sessions: sessions.map((session) => ({ ...session, current: session.session_id === claims.sid })),
    };
    return c.json(body);
  };

/** Ends one session of the user. The session of another user gets the same response as an unknown one. */
export const endOwnSession =
  ({ redis, audit }: OwnSessionsDeps): AuthenticatedRoute =>
  async (c, who) => {
    const { claims } = who;
    const session = c.req.param('sid') ?? '';
    if (!(await endSession(redis, claims.sub, session)))
      return refuse(c.env, new Refusal('session_unknown'), claims);
    await recordEnd(audit, c, who, { action: 'session_end', session });
    return c.body(null, 204);
  };

/** Ends all sessions of the user, or with `keep=current` all others. */
export const endOwnSessions =
  ({ redis, audit }: OwnSessionsDeps): AuthenticatedRoute =>
  async (c, who) => {
    const { claims } = who;
    const query = checkQuery(c.req.queries(), endSessionsQuerySchema);
    if (query instanceof Refusal) return refuse(c.env, query, claims);
    const ended = await endOtherSessions(redis, claims.sub, query.keep && claims.sid);
    if (ended > 0) await recordEnd(audit, c, who, { action: 'sessions_end', detail: `${ended} ended` });
    return c.json({ ended } satisfies z.output<typeof endedResponseSchema>);
  };

const recordEnd = (
  audit: AuditLog,
  { env }: GatewayContext,
  { claims: { sub }, authorization: { role } }: Authenticated,
  event: Pick<AuditEvent, 'action' | 'session' | 'detail'>,
): Promise<void> =>
  recordRevocation(audit, env, { ...event, result: 'done', actor: sub, role, subject: sub });
