import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Logger } from '../log.ts';
import { type BankEnv, requestIdOf } from './problem.ts';

/** Writes one line for each answer: who asked for what, what came of it and why. Never a token, query or body. */
export function logResponses(log: Logger, now: () => number): MiddlewareHandler<BankEnv> {
  return async (c, next) => {
    const startedMs = now();
    await next();
    const refusal = c.get('refusal');
    const line = {
      event: 'answer',
      requestId: requestIdOf(c.req.header('x-request-id')),
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      reason: refusal?.reason,
      detail: refusal?.detail,
      sub: c.get('caller')?.sub,
      sid: c.get('caller')?.sid,
      accountId: c.get('accountId'),
      durationMs: now() - startedMs,
    };
    if (line.status >= 500) log.error(line);
    else log.info(line);
  };
}
