import { z } from 'zod';
import { AUDIT_ACTIONS } from '../../../audit/event.ts';
import { readAuditPage } from '../../../audit/page.ts';
import { checkQuery, integerParameter } from '../../../http/input.ts';
import type { RedisLink } from '../../../redis/connection.ts';
import { Refusal } from '../../../refusal.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';

export const auditQuerySchema = z.strictObject({
  limit: integerParameter(1, 200, 50),
  cursor: z
    .string()
    // A stream id. Both numbers have to fit 64 bits for Redis.
    .regex(/^\d{1,18}-\d{1,18}$/, 'wants the next_cursor of an earlier page')
    .optional(),
  action: z.enum(AUDIT_ACTIONS, `wants one of ${AUDIT_ACTIONS.join(', ')}`).optional(),
  user: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'wants the id of a user')
    .optional(),
});

/** A record as it was written. One that is not what was written shows as much of it as there is. */
export const auditPageResponseSchema = z.strictObject({
  records: z.array(
    z.looseObject({
      seq: z.int().optional().describe('counts the records'),
      time: z.iso.datetime().optional(),
      action: z.enum(AUDIT_ACTIONS).optional(),
      result: z.enum(['done', 'refused']).optional(),
      actor: z.string().optional().describe('user id of who did it'),
      subject: z.string().optional().describe('user, client or key id of whom or what it was done to'),
      session: z.string().optional(),
      address: z.string().optional(),
      requestId: z.string().optional(),
      detail: z.string().optional(),
      prev: z.string().optional().describe('the hash of the record before'),
    }),
  ),
  next_cursor: z.string().nullable().describe('null when there are no older ones'),
});

/** Pages through the audit trail, newest first. */
export const auditPage =
  ({ redis }: { redis: RedisLink }): AuthenticatedRoute =>
  async (c, { claims }) => {
    const query = checkQuery(c.req.queries(), auditQuerySchema);
    if (query instanceof Refusal) return refuse(c.env, query, claims);
    return c.json(await readAuditPage(redis, query));
  };
