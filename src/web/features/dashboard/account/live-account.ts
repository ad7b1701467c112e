import { titleOf } from '../../../api/api-error.ts';
import { type Account, streamPath, type Transaction, transactionPage } from '../../../api/bank.ts';
import { createStore, type Store } from '../../../hooks/store.ts';
import {
  firstList,
  isGapBefore,
  missingIn,
  type TransactionList,
  withArrivals,
  withNewestPage,
  withOlderPage,
} from './transaction-list.ts';
import { followTransactions, type StreamState, type TransactionStream } from './transaction-stream.ts';

/** An account as it stands at this moment. */
export interface LiveState {
  stream: StreamState;
  /** Undefined until it has been loaded. */
  list: TransactionList | undefined;
  /** Why there is no list, or no newer one. */
  fault: string | undefined;
}

export interface LiveListener {
  /** Transactions have happened that were not known before, oldest first. */
  onArrival?(arrived: readonly Transaction[]): void;
  /** Some may have been missed: what was made of all of them has to be asked for again. */
  onGap?(): void;
}

const AT_FIRST = 10;
const OLDER_AT_ONCE = 20;
const MOST_AT_ONCE = 100;
/** What has arrived last is kept for answers that were on their way meanwhile. */
const RECENT_KEPT = 100;

/** One account that is being watched: its latest transactions, and each new one as it happens. */
export class LiveAccount {
  readonly state: Store<LiveState> = createStore<LiveState>({
    stream: 'connecting',
    list: undefined,
    fault: undefined,
  });
  readonly account: Account;
  /** What has arrived last, oldest first. */
  recent: readonly Transaction[] = [];
  readonly #listeners = new Set<LiveListener>();
  readonly #onRefused: () => Promise<unknown>;
  #stream: TransactionStream | undefined;

  /** `onRefused` finds out whether the session is still alive. */
  constructor(account: Account, onRefused: () => Promise<unknown>) {
    this.account = account;
    this.#onRefused = onRefused;
  }

  /** Loads and follows; answers how to stop it. */
  start(): () => void {
    void this.reload(false);
    const stream = followTransactions(streamPath(this.account.id), {
      onState: (state) => this.#change({ stream: state }),
      onTransaction: (transaction) => this.add(transaction),
      onBegin: () => void this.reload(true),
      onRefused: this.#onRefused,
    });
    this.#stream = stream;
    return () => stream.stop();
  }

  /** After the newest transaction that is known, in minor units. */
  balanceMinor(): number {
    const newest = this.state.get().list?.rows[0] ?? this.recent.at(-1);
    return newest?.balanceAfterMinor ?? this.account.balanceMinor;
  }

  setPaused(isPaused: boolean): void {
    this.#stream?.setPaused(isPaused);
  }

  listen(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A transaction has happened. It may be told more than once, and in any order. */
  add(transaction: Transaction): void {
    if (this.recent.some(({ id }) => id === transaction.id)) return;
    const { list } = this.state.get();
    const isKnown = list !== undefined && missingIn(list, [transaction]).length === 0;
    if (!isKnown) this.#arrive(list && withArrivals(list, [transaction]), [transaction]);
  }

  /** Asks for the newest transactions, with some more that have been missed. */
  async reload(isBackground: boolean): Promise<void> {
    try {
      const page = await transactionPage(this.account.id, { limit: AT_FIRST }, isBackground);
      this.#change({ fault: undefined });
      const { list } = this.state.get();
      if (list === undefined) return this.#change({ list: withArrivals(firstList(page), this.recent) });
      const isGap = isGapBefore(list, page);
      this.#arrive(withNewestPage(list, page), missingIn(list, page.transactions).reverse());
      if (isGap) for (const { onGap } of this.#listeners) onGap?.();
    } catch (fault) {
      this.#change({ fault: titleOf(fault) });
    }
  }

  /** @throws {NotDone} */
  async showOlder(): Promise<void> {
    const { id } = this.account;
    if (this.state.get().list?.nextCursor === undefined) {
      const list = firstList(await transactionPage(id, { limit: MOST_AT_ONCE }, false));
      this.#change({ list: { ...list, firstSeenId: this.state.get().list?.firstSeenId } });
    }
    const cursor = this.state.get().list?.nextCursor;
    if (typeof cursor !== 'string') return;
    const page = await transactionPage(id, { limit: OLDER_AT_ONCE, cursor }, false);
    const { list } = this.state.get();
    if (list?.nextCursor === cursor) this.#change({ list: withOlderPage(list, page) });
  }

  #arrive(list: TransactionList | undefined, arrived: readonly Transaction[]): void {
    if (arrived.length === 0) return;
    this.recent = [...this.recent, ...arrived].slice(-RECENT_KEPT);
    this.#change({ list });
    for (const { onArrival } of this.#listeners) onArrival?.(arrived);
  }

  #change(change: Partial<LiveState>): void {
    this.state.set({ ...this.state.get(), ...change });
  }
}
