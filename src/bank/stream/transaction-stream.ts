import { HEARTBEAT, retryField } from '../../http/event-stream.ts';
import { RedisUnavailable } from '../../redis/connection.ts';
import type { RedisStore } from '../../redis/store.ts';
import { transactionsAfter } from '../ledger/transactions.ts';
import type { Account, Transaction } from '../schemas.ts';
import type { PostingsFeed, Watcher } from './postings-feed.ts';

const READ_AT_ONCE = 100;

interface TransactionStreamOptions {
  link: RedisStore;
  feed: PostingsFeed;
  account: Account;
  /** The id of the last transaction that the client has received. */
  after: string;
  heartbeatMs: number;
}

/**
 * An account's transactions as server-sent events (HTML standard, section 9.2), each as soon as it is posted.
 *
 * The stream is pull-based: the ledger is read only when the client's connection accepts more data, so a slow client
 * costs no memory and misses nothing (as long as the ledger keeps it). It begins with an `id` without data, so that a
 * client that reconnects before the first event sends a position. While Redis is unavailable it sends heartbeats only,
 * then continues from its position.
 */
export function transactionStream(options: TransactionStreamOptions): ReadableStream<Uint8Array> {
  const { link, feed, account, heartbeatMs } = options;
  const encoder = new TextEncoder();
  let watcher: Watcher | undefined;
  let position = options.after;
  let cancelled = false;

  async function nextText(watcher: Watcher): Promise<string | undefined> {
    for (;;) {
      const transactions = await readIfPossible(link, account, position);
      position = transactions.at(-1)?.id ?? position;
      if (transactions.length > 0) return transactions.map(eventOf).join('');
      const reason = await watcher.next(heartbeatMs);
      if (reason === 'timeout') return HEARTBEAT;
      if (reason === 'closed') return undefined;
    }
  }

  return new ReadableStream(
    {
      async pull(controller) {
        const isFirst = watcher === undefined;
        watcher ??= feed.watch(account.id);
        const opening = `${retryField()}id: ${position}\n\n`;
        const text = isFirst ? opening : await nextText(watcher);
        if (cancelled) return;
        if (text !== undefined) controller.enqueue(encoder.encode(text));
        else controller.close();
      },
      cancel() {
        cancelled = true;
        watcher?.close();
      },
    },
    { highWaterMark: 0 },
  );
}

async function readIfPossible(link: RedisStore, account: Account, after: string): Promise<Transaction[]> {
  try {
    return await transactionsAfter(link, account, after, READ_AT_ONCE);
  } catch (fault) {
    if (fault instanceof RedisUnavailable) return [];
    throw fault;
  }
}

const eventOf = (transaction: Transaction): string =>
  `id: ${transaction.id}\nevent: transaction\ndata: ${JSON.stringify(transaction)}\n\n`;
