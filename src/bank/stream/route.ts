import type { Handler } from 'hono';
import { EVENT_STREAM_HEADERS } from '../../http/event-stream.ts';
import { checkInput, checkQuery } from '../../http/input.ts';
import type { RedisStore } from '../../redis/store.ts';
import { Refusal } from '../../refusal.ts';
import { visibleAccount } from '../caller.ts';
import { newestTransactionId } from '../ledger/transactions.ts';
import { type BankEnv, refuse } from '../problems.ts';
import { noQuery, streamHeaders } from '../schemas.ts';
import type { UserShare } from '../user-share.ts';
import type { PostingsFeed } from './postings-feed.ts';
import { transactionStream } from './transaction-stream.ts';

export interface StreamDeps {
  link: RedisStore;
  feed: PostingsFeed;
  /** How many streams a user can have open. */
  streams: UserShare;
  streamHeartbeatMs: number;
}

/** The stream continues after `Last-Event-ID`. Without that header it begins with the next transaction. */
export function streamTransactions(deps: StreamDeps): Handler<BankEnv> {
  const { link, feed, streams, streamHeartbeatMs: heartbeatMs } = deps;
  return async (c) => {
    const query = checkQuery(c.req.queries(), noQuery);
    if (query instanceof Refusal) return refuse(c, query);
    const lastEventId = c.req.header('last-event-id');
    const headers = checkInput(streamHeaders, { 'Last-Event-ID': lastEventId }, 'header_wrong');
    if (headers instanceof Refusal) return refuse(c, headers);
    const { outgoing } = c.env;
    const giveBack = streams.take(c.get('caller').sub);
    if (giveBack === undefined) return refuse(c, new Refusal('too_many_streams'));
    outgoing.once('close', giveBack);
    if (outgoing.destroyed) giveBack();
    const account = await visibleAccount(c, link);
    if (account instanceof Refusal) return refuse(c, account);
    const after = headers['Last-Event-ID'] ?? (await newestTransactionId(link, account.id));
    const stream = transactionStream({ link, feed, account, after, heartbeatMs });
    return new Response(stream, { headers: EVENT_STREAM_HEADERS });
  };
}
