import { type Handler, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { AssertionVerifier } from '../jwt/assertion.ts';
import { KeysUnavailable } from '../keys/remote-jwks.ts';
import type { Logger } from '../log.ts';
import { type RedisLink, RedisUnavailable } from '../redis/connection.ts';
import { requireAssertion } from './caller.ts';
import type { LedgerOptions } from './ledger/post.ts';
import { type BankEnv, BankRefusal, refuse } from './problem.ts';
import * as reading from './reading-routes.ts';
import { logResponses } from './response-log.ts';
import type { PostingsFeed } from './stream/postings-feed.ts';
import { streamRoute } from './stream/route.ts';
import { transferRoute } from './transfer-route.ts';

export interface BankDeps {
  link: RedisLink;
  feed: PostingsFeed;
  verifier: AssertionVerifier;
  log: Logger;
  options: LedgerOptions;
  streamHeartbeatMs: number;
  bodyMaxBytes: number;
  now: () => number;
}

export type BankApp = Hono<BankEnv>;

/** The bank's routes, as the gateway calls them (it has taken `/bank` off). */
export function createBankApp(bank: BankDeps): BankApp {
  const { link, log, verifier, now } = bank;
  const app = new Hono<BankEnv>();

  app.get('/livez', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) => {
    await link.run((client) => client.ping());
    return c.json({ status: 'ok' });
  });

  app.use(logResponses(log, now), requireAssertion(verifier, now));
  app.get('/accounts', reading.listAccounts(link)).all(only('GET'));
  app.get('/accounts/:id', reading.showAccount(link)).all(only('GET'));
  app.get('/accounts/:id/transactions', reading.listTransactions(link)).all(only('GET'));
  app.get('/accounts/:id/transactions/search', reading.searchTransactions(link)).all(only('GET'));
  app.get('/accounts/:id/balance', reading.listBalances(link)).all(only('GET'));
  app.get('/accounts/:id/spenders', reading.listSpenders(link)).all(only('GET'));
  app.get('/accounts/:id/stream', streamRoute(bank)).all(only('GET'));
  app.post('/accounts/:id/transfers', limitBody(bank.bodyMaxBytes), transferRoute(bank)).all(only('POST'));

  app.notFound((c) => refuse(c, new BankRefusal('route_unknown')));
  app.onError((fault, c) => {
    if (fault instanceof RedisUnavailable) return refuse(c, new BankRefusal('redis_unavailable'));
    if (fault instanceof KeysUnavailable) return refuse(c, new BankRefusal('keys_unavailable'));
    log.error({ event: 'fault', err: fault }, 'a request failed');
    return refuse(c, new BankRefusal('fault'));
  });
  return app;
}

/** Methods that a path doesn't have are told apart from paths that don't exist (RFC 9110, section 15.5.6). */
function only(method: 'GET' | 'POST'): Handler<BankEnv> {
  return (c) => {
    const answer = refuse(c, new BankRefusal('method_unknown'));
    answer.headers.set('allow', method === 'GET' ? 'GET, HEAD' : method);
    return answer;
  };
}

const limitBody = (maxSize: number): MiddlewareHandler<BankEnv> =>
  bodyLimit({ maxSize, onError: (c) => refuse(c, new BankRefusal('body_too_large')) });
