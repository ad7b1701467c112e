import type { MiddlewareHandler } from 'hono';
import { deferConfirmations, settleConfirmations } from '../../redis/replication/deferred.ts';
import type { OwnRequestContext } from './own-body.ts';

/**
 * Sends the response of an own route once enough servers have what the request has revoked. The wait begins with the
 * revocation and ends here, after its audit record was written, so that a revocation that is not confirmed is recorded
 * as well. A route that sends a refusal itself settles before that.
 * @throws {NotDurable} which becomes the 503
 */
export const sendWhenDurable: MiddlewareHandler<{ Bindings: OwnRequestContext }> = (c, next) =>
  deferConfirmations(async () => {
    await next();
    if (!c.env.outgoing.headersSent) await settleConfirmations();
  });
