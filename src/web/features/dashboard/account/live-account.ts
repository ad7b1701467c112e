import { messageOf } from '../../../api/api-error.ts';
import { type Account, streamPath, type Transaction, transactionPage } from '../../../api/bank.ts';
import { createStore, type Store } from '../../../hooks/store.ts';
import {
  createList,
  isGapBefore,
  missingIn,
  type TransactionList,
  withNewestPage,
  withNewTransactions,
  withOlderPage,
} from './transaction-list.ts';
import { followTransactions, type StreamState, type TransactionStream } from './transaction-stream.ts';

interface LiveState {
  stream: StreamState;
  /** Undefined until it has been loaded. */
  list: TransactionList | undefined;
  /** Why there is no list, or no newer one. */
  error: string | undefined;
}

interface LiveListener {
  /** New transactions, oldest first. */
  onTransactions?(added: readonly Transaction[]): void;
  /** Transactions may have been missed: what was computed from all of them has to be loaded again. */
  onGap?(): void;
}

const FIRST_PAGE_SIZE = 10;
const OLDER_PAGE_SIZE = 20;
const PAGE_SIZE_MAX = 100;
/** The latest new transactions are kept for responses that were under way at that time. */
const RECENT_MAX = 100;

/** The state of one account, with its latest transactions and each new one. */
export class LiveAccount {
  readonly state: Store<LiveState> = createStore<LiveState>({
    stream: 'connecting',
    list: undefined,
    error: undefined,
  });
  readonly account: Account;
  /** The latest new transactions, oldest first. */
  recent: readonly Transaction[] = [];
  readonly #listeners = new Set<LiveListener>();
  readonly #onRefused: () => Promise<unknown>;
  #stream: TransactionStream | undefined;

  /** `onRefused` checks the session after the event stream was refused. */
  constructor(account: Account, onRefused: () => Promise<unknown>) {
    this.account = account;
    this.#onRefused = onRefused;
  }

  /** Loads and follows the account. Returns how to stop. */
  start(): () => void {
    void this.reload(false);
    const stream = followTransactions(streamPath(this.account.id), {
      onState: (state) => this.#update({ stream: state }),
      onTransaction: (transaction) => this.add(transaction),
      onStart: () => void this.reload(true),
      onRefused: this.#onRefused,
    });
    this.#stream = stream;
    return () => stream.stop();
  }

  /** The balance after the newest known transaction, in minor units. */
  balanceMinor(): number {
    const newest = this.state.get().list?.rows[0] ?? this.recent.at(-1);
    return newest?.balanceAfterMinor ?? this.account.balanceMinor;
  }

  setPaused(isPaused: boolean): void {
    this.#stream?.setPaused(isPaused);
  }

  /** Returns how to unsubscribe. */
  subscribe(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds a new transaction. It may be added repeatedly, and in any order. */
  add(transaction: Transaction): void {
    if (this.recent.some(({ id }) => id === transaction.id)) return;
    const { list } = this.state.get();
    const isKnown = list !== undefined && missingIn(list, [transaction]).length === 0;
    if (!isKnown) this.#addAll(list && withNewTransactions(list, [transaction]), [transaction]);
  }

  /** Loads the newest transactions, and so those that were missed. */
  async reload(isBackground: boolean): Promise<void> {
    try {
      const page = await transactionPage(this.account.id, { limit: FIRST_PAGE_SIZE }, isBackground);
      this.#update({ error: undefined });
      const { list } = this.state.get();
      if (list === undefined)
        return this.#update({ list: withNewTransactions(createList(page), this.recent) });
      const isGap = isGapBefore(list, page);
      this.#addAll(withNewestPage(list, page), missingIn(list, page.transactions).reverse());
      if (isGap) for (const { onGap } of this.#listeners) onGap?.();
    } catch (error) {
      this.#update({ error: messageOf(error) });
    }
  }

  /** @throws {ApiError} */
  async loadOlder(): Promise<void> {
    const { id } = this.account;
    if (this.state.get().list?.nextCursor === undefined) {
      const list = createList(await transactionPage(id, { limit: PAGE_SIZE_MAX }, false));
      this.#update({ list: { ...list, firstShownId: this.state.get().list?.firstShownId } });
    }
    const cursor = this.state.get().list?.nextCursor;
    if (typeof cursor !== 'string') return;
    const page = await transactionPage(id, { limit: OLDER_PAGE_SIZE, cursor }, false);
    const { list } = this.state.get();
    if (list?.nextCursor === cursor) this.#update({ list: withOlderPage(list, page) });
  }

  #addAll(list: TransactionList | undefined, added: readonly Transaction[]): void {
    if (added.length === 0) return;
    this.recent = [...this.recent, ...added].slice(-RECENT_MAX);
    this.#update({ list });
    for (const { onTransactions } of this.#listeners) onTransactions?.(added);
  }

  #update(change: Partial<LiveState>): void {
    this.state.set({ ...this.state.get(), ...change });
  }
}
