import { z } from 'zod';
import { AUDIT_ACTIONS, AUDIT_RESULTS, type AuditLog } from '../../../audit/event.ts';
import { AUDIT_LOGS } from '../../../audit/logs.ts';
import { AUDIT_CURSOR, readAuditPage } from '../../../audit/page.ts';
import { checkQuery, integerParameter } from '../../../http/input.ts';
import { type Operation, ok, withScope } from '../../../http/operation.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';

const auditQuerySchema = z.strictObject({
  limit: integerParameter(1, 200, 50),
  cursor: z
    .string()
    // Of a stream id. Redis requires both numbers to fit into 64 bits.
    .regex(AUDIT_CURSOR, 'must be the next_cursor of an earlier page')
    .optional(),
  log: z.enum(AUDIT_LOGS, `must be one of ${AUDIT_LOGS.join(', ')}`).optional(),
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
        log: z.enum(AUDIT_LOGS).describe('The log that the record belongs to'),
        seq: z.int().optional().describe('Sequence number of the record in its log'),
        time: z.iso.datetime().optional(),
        action: z.enum(AUDIT_ACTIONS).optional(),
        result: z.enum(AUDIT_RESULTS).optional(),
        actor: z.string().optional().describe('Id of the user or client that acted'),
        role: z.string().optional().describe('Role of the actor, or of the subject if there is no actor'),
        operator: z.string().optional().describe('User of the operating system, on the command line'),
        subject: z.string().optional().describe('Id of the user, client or key that was acted on'),
        account: z.string().optional().describe('Account that a transfer was sent from'),
        session: z.string().optional(),
        address: z.string().optional(),
        requestId: z.string().optional(),
        status: z.int().optional().describe("Status of the upstream's response"),
        count: z.int().optional().describe('Number of actions that the record stands for'),
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
  ({ redis, audit }: { redis: RedisStore; audit: AuditLog }): AuthenticatedRoute =>
  async (c, { claims, authorization: { role } }) => {
    const query = checkQuery(c.req.queries(), auditQuerySchema);
    if (query instanceof Refusal) return refuse(c.env, query, claims);
    const { clientAddress: address, nowMs } = c.env;
    audit.noteRead(
      { action: 'audit_read', actor: claims.sub, role, address, target: 'the audit log' },
      nowMs,
    );
    return c.json(await readAuditPage(redis, query));
  };
