import { z } from 'zod';
import { AUDIT_ACTIONS } from '../../../audit/event.ts';
import { readAuditPage } from '../../../audit/page.ts';
import { checkQuery, integerParameter } from '../../../http/input.ts';
import { type Operation, ok, withScope } from '../../../http/operation.ts';
import type { RedisLink } from '../../../redis/connection.ts';
import { Refusal } from '../../../refusal.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';

const auditQuerySchema = z.strictObject({
  limit: integerParameter(1, 200, 50),
  cursor: z
    .string()
    // A stream id. Redis requires both numbers to fit into 64 bits.
    .regex(/^\d{1,18}-\d{1,18}$/, 'must be the next_cursor of an earlier page')
    .optional(),
  action: z.enum(AUDIT_ACTIONS, `must be one of ${AUDIT_ACTIONS.join(', ')}`).optional(),
  user: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'must be a user id')
    .optional(),
});

/** Every member is optional, because a record that was tampered with is shown as far as it can be read. */
export const auditPageResponseSchema = z
  .strictObject({
    records: z.array(
      z.looseObject({
        seq: z.int().optional().describe('Sequence number of the record'),
        time: z.iso.datetime().optional(),
        action: z.enum(AUDIT_ACTIONS).optional(),
        result: z.enum(['done', 'refused']).optional(),
        actor: z.string().optional().describe('Id of the user or client that acted'),
        subject: z.string().optional().describe('Id of the user, client or key that was acted on'),
        session: z.string().optional(),
        address: z.string().optional(),
        requestId: z.string().optional(),
        detail: z.string().optional(),
        prev: z.string().optional().describe('Hash of the previous record'),
      }),
    ),
    next_cursor: z.string().nullable().describe('null on the last page'),
  })
  .meta({ id: 'AuditPage' });

export const auditOperation: Operation<GatewayReason> = {
  method: 'get',
  path: '/admin/audit',
  id: 'readAudit',
  tag: 'Administration',
  summary: 'Read the audit log, newest first',
  access: withScope('audit:read'),
  parameters: { query: auditQuerySchema },
  responses: ok('A page of audit records.', auditPageResponseSchema),
  refusals: ['query_wrong'],
};

export const readAudit =
  ({ redis }: { redis: RedisLink }): AuthenticatedRoute =>
  async (c, { claims }) => {
    const query = checkQuery(c.req.queries(), auditQuerySchema);
    return query instanceof Refusal
      ? refuse(c.env, query, claims)
      : c.json(await readAuditPage(redis, query));
  };
