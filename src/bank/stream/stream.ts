import { HEARTBEAT, retryField } from '../../http/event-stream.ts';
import { type RedisLink, RedisUnavailable } from '../../redis/connection.ts';
import { transactionsAfter } from '../ledger/transactions.ts';
import type { Account, Transaction } from '../schemas.ts';
import type { PostingsFeed, Watcher } from './postings-feed.ts';

const READ_AT_ONCE = 100;

export interface TransactionStreamOptions {
  link: RedisLink;
  feed: PostingsFeed;
  account: Account;
  /** The id of the last transaction that the reader knows. */
  after: string;
  heartbeatMs: number;
}

/**
 * An account's transactions as server-sent events (HTML standard, section 9.2), each as it happens.
 *
 * It is pulled by the reader: nothing is read from the ledger before the reader's connection can take it, so a slow
 * reader costs no memory and loses nothing (as long as the ledger keeps it). It opens with an `id` and no data:
 * a browser that reconnects before the first event says where it was. While Redis is away it only shows signs
 * of life, and goes on where it was.
 */
export function transactionStream(options: TransactionStreamOptions): ReadableStream<Uint8Array> {
  const { link, feed, account, heartbeatMs } = options;
  const encoder = new TextEncoder();
  let watcher: Watcher | undefined;
  let position = options.after;
  let cancelled = false;

  async function nextText(watching: Watcher): Promise<string | undefined> {
    for (;;) {
      const transactions = await readIfPossible(link, account, position);
      position = transactions.at(-1)?.id ?? position;
      if (transactions.length > 0) return transactions.map(eventOf).join('');
      const waking = await watching.next(heartbeatMs);
      if (waking === 'timeout') return HEARTBEAT;
      if (waking === 'closed') return undefined;
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

async function readIfPossible(link: RedisLink, account: Account, after: string): Promise<Transaction[]> {
  try {
    return await transactionsAfter(link, account, after, READ_AT_ONCE);
  } catch (fault) {
    if (fault instanceof RedisUnavailable) return [];
    throw fault;
  }
}

const eventOf = (transaction: Transaction): string =>
  `id: ${transaction.id}\nevent: transaction\ndata: ${JSON.stringify(transaction)}\n\n`;
