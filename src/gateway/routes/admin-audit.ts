import { z } from 'zod';
import { AUDIT_ACTIONS } from '../../audit/event.ts';
import { readAuditPage } from '../../audit/page.ts';
import type { RedisLink } from '../../redis/connect.ts';
import type { AdmittedRoute } from '../admission.ts';
import { refuse } from '../arrival.ts';
import { pageLimit, QueryRefusal, readQuery } from '../query.ts';

export const auditQuerySchema = z.strictObject({
  limit: pageLimit(200, 50),
  /** A stream id. Both numbers have to fit 64 bits for Redis. */
  cursor: z
    .string()
    .regex(/^\d{1,18}-\d{1,18}$/, 'wants the next_cursor of an earlier page')
    .optional(),
  action: z.enum(AUDIT_ACTIONS, `wants one of ${AUDIT_ACTIONS.join(', ')}`).optional(),
  user: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'wants the id of a user')
    .optional(),
});

/** Pages through the audit trail, newest first. */
export const auditPage =
  ({ redis }: { redis: RedisLink }): AdmittedRoute =>
  async (c, { claims }) => {
    const query = readQuery(c, auditQuerySchema);
    if (query instanceof QueryRefusal) return refuse(c.env, query, claims, { errors: query.errors });
    c.header('cache-control', 'no-store');
    return c.json(await readAuditPage(redis, query));
  };
