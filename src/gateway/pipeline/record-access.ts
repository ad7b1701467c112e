import { finished } from 'node:stream';
import type { AuditLog } from '../../audit/event.ts';
import { isStaffRole } from '../../audit/logs.ts';
import { upstreamPath } from '../edge/target.ts';
import { type RequestContext, recordEvent } from '../request-context.ts';
import type { Granted } from './judgement.ts';
import type { Grant } from './policy.ts';

/**
 * Records what a granted request does at the upstream: transfers, and reads by staff. Reads of customers cost two
 * comparisons. Nothing here delays the request or makes it fail.
 */
export function recordAccess(audit: AuditLog, context: RequestContext, granted: Granted): void {
  const { user, grant } = granted;
  const { method } = context.incoming;
  if (grant.kind === 'transfer') recordTransfer(audit, context, granted);
  else if (isStaffRole(user.authorization.role) && (method === 'GET' || method === 'HEAD'))
    audit.noteRead(
      {
        action: 'account_read',
        actor: user.claims.sub,
        role: user.authorization.role,
        address: context.clientAddress,
        target: grant.pattern,
        account: accountIn(context, grant),
      },
      context.nowMs,
    );
}

/** Records a transfer once its response has been sent or has failed. If it cannot be stored, the log has the record. */
function recordTransfer(audit: AuditLog, context: RequestContext, { user, grant }: Granted): void {
  const { outgoing } = context;
  const { claims, authorization } = user;
  finished(outgoing, () => {
    const status = outgoing.headersSent ? outgoing.statusCode : undefined;
    const event = { actor: claims.sub, role: authorization.role, session: claims.sid, status };
    const account = accountIn(context, grant);
    void recordEvent(audit, context, {
      action: 'transfer',
      result: resultOf(status),
      account,
      ...event,
    }).catch(() => {});
  });
}

/** After a 5xx or without a response, the upstream may have carried out the transfer or not. */
function resultOf(status: number | undefined): 'done' | 'refused' | 'unknown' {
  if (status === undefined || status >= 500) return 'unknown';
  return status < 400 ? 'done' : 'refused';
}

/** The first variable segment of the path. Text that cannot be an account number is left out. */
function accountIn({ path }: RequestContext, { pattern }: Grant): string | undefined {
  const index = pattern.split('/').indexOf('*');
  const segment = index < 0 ? undefined : upstreamPath(path).split('/')[index];
  return segment !== undefined && /^[\w-]{1,64}$/.test(segment) ? segment : undefined;
}
