import { type Handler, Hono, type MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Stopping } from '../http/stopping.ts';
import { KeysUnavailable } from '../keys/remote-jwks.ts';
import type { Logger } from '../log.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { NotDurable } from '../redis/replication/confirmation.ts';
import { Refusal } from '../refusal.ts';
import { type CallerDeps, requireAssertion } from './caller.ts';
import type { BankMetrics } from './metrics.ts';
import { type BankEnv, type BankReason, refuse, requestId, traceId } from './problems.ts';
import * as routes from './routes.ts';
import { type StreamDeps, streamTransactions } from './stream/route.ts';
import { listTransactions, searchTransactions, type TransactionsDeps } from './transactions.ts';
import { createTransfer, type TransferDeps } from './transfers.ts';
import { discardUnreadBody } from './unread-body.ts';

export interface BankDeps extends CallerDeps, StreamDeps, TransactionsDeps, TransferDeps {
  log: Logger;
  /** What counts the responses, if something does. */
  metrics?: BankMetrics;
  stopping: Stopping;
  /** Whether nothing is known to be wrong with Redis. By default nothing is. */
  isReady?: () => boolean;
}

export type BankApp = Hono<BankEnv>;

/** The bank's routes. The gateway has removed the prefix `/bank` from their paths. */
export function createBankApp(deps: BankDeps): BankApp {
  const { link, log, stopping, isReady = () => true } = deps;
  const app: BankApp = new Hono();

  app.get('/livez', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) => {
    if (stopping.hasBegun) return refuse(c, new Refusal('stopping'));
    await link.ping();
    if (!isReady()) throw new RedisUnavailable('Redis is not usable');
    return c.json({ status: 'ok' });
  });

  app.use(discardUnreadBody, logRequests(deps), requireAssertion(deps));
  app.get('/accounts', routes.listAccounts(link)).all(only('GET'));
  app.get('/accounts/:id', routes.showAccount(link)).all(only('GET'));
  app.get('/accounts/:id/transactions', listTransactions(deps)).all(only('GET'));
  app.get('/accounts/:id/transactions/search', searchTransactions(deps)).all(only('GET'));
  app.get('/accounts/:id/balance', routes.listBalances(link)).all(only('GET'));
  app.get('/accounts/:id/spenders', routes.listSpenders(link)).all(only('GET'));
  app.get('/accounts/:id/stream', streamTransactions(deps)).all(only('GET'));
  app.post('/accounts/:id/transfers', createTransfer(deps)).all(only('POST'));

  app.notFound((c) => refuse(c, new Refusal('route_unknown')));
  app.onError((fault, c) => {
    const reason = reasonOf(fault);
    if (reason === 'fault') log.error({ event: 'fault', err: fault }, 'a request failed');
    return refuse(c, new Refusal(reason));
  });
  return app;
}

function reasonOf(fault: unknown): BankReason {
  if (fault instanceof NotDurable) return 'transfer_not_durable';
  if (fault instanceof RedisUnavailable) return 'redis_unavailable';
  return fault instanceof KeysUnavailable ? 'keys_unavailable' : 'fault';
}

/** 405 for a method that an existing path does not support (RFC 9110, section 15.5.6). */
function only(method: 'GET' | 'POST'): Handler<BankEnv> {
  return (c) => {
    const response = refuse(c, new Refusal('method_unknown'));
    response.headers.set('allow', method === 'GET' ? 'GET, HEAD' : method);
    return response;
  };
}

/** Writes one line per request: caller, route, status and reason. It never holds a token, a query or a body. */
function logRequests({ log, metrics, now }: BankDeps): MiddlewareHandler<BankEnv> {
  return async (c, next) => {
    const startedMs = now();
    const startMs = performance.now();
    await next();
    const refusal = c.get('refusal');
    const line = {
      event: 'answer',
      requestId: requestId(c),
      traceId: traceId(c),
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
    metrics?.count(line.route, line.status, refusal?.reason, startMs);
    if (line.status >= 500) log.error(line);
    else log.info(line);
  };
}
