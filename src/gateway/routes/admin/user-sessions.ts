import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { idParameter, NO_CONTENT, type Operation, ok, withScope } from '../../../http/operation.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { endSession } from '../../../sessions/end.ts';
import { listSessions, sessionSummarySchema } from '../../../sessions/list.ts';
import { mayActOn } from '../../../users/roles.ts';
import { findUser } from '../../../users/users.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { recordRevocation } from '../../request-context.ts';
import { runAsStaff } from './as-staff.ts';
import { userIdParameter } from './user-view.ts';

export const userSessionsResponseSchema = z
  .strictObject({ sessions: z.array(sessionSummarySchema) })
  .meta({ id: 'UserSessions' });

export const userSessionsOperations: readonly Operation<GatewayReason>[] = [
  {
    method: 'get',
    path: '/admin/users/{id}/sessions',
    id: 'listUserSessions',
    tag: 'Administration',
    summary: "List a user's sessions",
    access: withScope('sessions:manage'),
    parameters: { path: userIdParameter },
    responses: ok('The active sessions, most recently used first.', userSessionsResponseSchema),
    refusals: ['user_unknown'],
  },
  {
    method: 'delete',
    path: '/admin/users/{id}/sessions/{sid}',
    id: 'endUserSession',
    tag: 'Administration',
    summary: "End one of a user's sessions",
    access: withScope('sessions:manage'),
    parameters: {
      path: userIdParameter.extend(idParameter('sid', 'A session id from the list').shape),
    },
    responses: NO_CONTENT,
    refusals: ['user_unknown', 'session_unknown', 'own_account', 'rank_too_low', 'revocation_not_durable'],
  },
];

export interface UserSessionsDeps {
  redis: RedisStore;
  audit: AuditLog;
}

export const listUserSessions =
  ({ redis }: Pick<UserSessionsDeps, 'redis'>): AuthenticatedRoute =>
  async (c, { claims }) => {
    const user = await findUser(redis, c.req.param('id') ?? '');
    if (user === undefined) return refuse(c.env, new Refusal('user_unknown'), claims);
    const sessions = await listSessions(redis, user.id);
    return c.json({ sessions } satisfies z.output<typeof userSessionsResponseSchema>);
  };

export const endUserSession =
  ({ redis, audit }: UserSessionsDeps): AuthenticatedRoute =>
  async (c, who) => {
    const { claims } = who;
    const [subject = '', session = ''] = [c.req.param('id'), c.req.param('sid')];
    const refusal = await runAsStaff(redis, c, who, {
      scope: 'sessions:manage',
      change: async (action, actor) => {
        const user = await findUser(redis, subject);
        if (user === undefined) return new Refusal('user_unknown');
        const isEnded = mayActOn(actor, user) ?? (await endSession(redis, subject, session, { action }));
        if (isEnded instanceof Refusal) return isEnded;
        return isEnded ? undefined : new Refusal('session_unknown');
      },
      record: async (outcome) => {
        if (outcome instanceof Refusal) return;
        const event = { actor: claims.sub, role: who.authorization.role, subject, session };
        await recordRevocation(audit, c.env, { action: 'session_end', result: 'done', ...event });
      },
    });
    return refusal === undefined ? c.body(null, 204) : refuse(c.env, refusal, claims);
  };
