import type { Handler } from 'hono';
import { EVENT_STREAM_HEADERS } from '../../http/event-stream.ts';
import { Refusal } from '../../refusal.ts';
import type { BankDeps } from '../app.ts';
import { visibleAccount } from '../caller.ts';
import { newestTransactionId } from '../ledger/transactions.ts';
import { type BankEnv, refuse } from '../problem.ts';
import { checked, queryOf } from '../request.ts';
import { noQuery, streamHeaders } from '../schemas.ts';
import { transactionStream } from './stream.ts';

/** `Last-Event-ID` says where an earlier stream ended; without it, a stream begins with the next transaction. */
export function streamRoute(bank: Pick<BankDeps, 'link' | 'feed' | 'streamHeartbeatMs'>): Handler<BankEnv> {
  const { link, feed, streamHeartbeatMs: heartbeatMs } = bank;
  return async (c) => {
    const query = queryOf(c, noQuery);
    if (query instanceof Refusal) return refuse(c, query);
    const headers = checked(
      streamHeaders,
      { 'Last-Event-ID': c.req.header('last-event-id') },
      'header_wrong',
    );
    if (headers instanceof Refusal) return refuse(c, headers);
    const account = await visibleAccount(c, link);
    if (account instanceof Refusal) return refuse(c, account);
    const after = headers['Last-Event-ID'] ?? (await newestTransactionId(link, account.id));
    return new Response(transactionStream({ link, feed, account, after, heartbeatMs }), {
      headers: EVENT_STREAM_HEADERS,
    });
  };
}
