import type { AuditLog } from '../../../audit/event.ts';
import { LOGGED_IN, NO_CONTENT, type Operation } from '../../../http/operation.ts';
import type { RedisLink } from '../../../redis/connection.ts';
import { endSession } from '../../../sessions/end.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { recordEvent } from '../../request-context.ts';
import type { Site } from '../../site.ts';
import { clearedCookies } from './tokens.ts';

export const logoutOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/auth/logout',
  id: 'logOut',
  tag: 'Authentication',
  summary: 'Log out',
  description: "All of the session's tokens are revoked before the response is sent.",
  access: LOGGED_IN,
  responses: NO_CONTENT,
};

export const logout =
  ({ redis, site, audit }: { redis: RedisLink; site: Site; audit: AuditLog }): AuthenticatedRoute =>
  async (c, { claims: { sub, sid, jti } }) => {
    await endSession(redis, sub, sid, jti);
    await recordEvent(audit, c.env, { action: 'logout', result: 'done', actor: sub, session: sid });
    for (const cookie of clearedCookies(site)) c.header('set-cookie', cookie, { append: true });
    return c.body(null, 204);
  };
