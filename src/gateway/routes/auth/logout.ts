import type { AuditTrail } from '../../../audit/event.ts';
import type { RedisLink } from '../../../redis/connection.ts';
import { endSession } from '../../../sessions/end.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import { auditFields } from '../../request-context.ts';
import type { Site } from '../../site.ts';
import { clearedCookies } from './session-cookies.ts';

/** Ends the session that the request's token belongs to. All its tokens are dead before the answer leaves. */
export const logout =
  ({ redis, site, audit }: { redis: RedisLink; site: Site; audit: AuditTrail }): AuthenticatedRoute =>
  async (c, { claims: { sub, sid, jti } }) => {
    await endSession(redis, sub, sid, jti);
    const event = {
      ...auditFields(c.env),
      action: 'logout',
      result: 'done',
      actor: sub,
      session: sid,
    } as const;
    await audit.record(event, c.env.nowMs);
    for (const cookie of clearedCookies(site)) c.header('set-cookie', cookie, { append: true });
    return c.body(null, 204);
  };
