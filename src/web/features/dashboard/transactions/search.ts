import { titleOf } from '../../../api/api-error.ts';
import type { Found } from '../../../api/bank.ts';
import { createStore, type Store } from '../../../hooks/store.ts';

/** The server searches for no less. */
export const TERM_LEAST = 3;
export const TERM_MOST = 100;
const TYPING_PAUSE_MS = 250;

/** What has become of what is in the search field. */
export type SearchState =
  | { phase: 'off' }
  | { phase: 'short'; missing: number }
  /** `found` is what an earlier term has found, until there is something newer to show. */
  | { phase: 'searching'; term: string; found: Hits | undefined }
  | { phase: 'found'; term: string; found: Hits }
  | { phase: 'fault'; term: string; title: string };

export interface Hits extends Found {
  /** What was searched for. */
  term: string;
}

export interface Search {
  state: Store<SearchState>;
  /** The field's text is now this. */
  type(text: string): void;
  /** Searches at once for what is in the field. */
  now(): void;
  stop(): void;
}

/** Searches as somebody types: after a short pause, from the third character on, and for the last text only. */
export function createSearch(find: (term: string, signal: AbortSignal) => Promise<Found>): Search {
  const state = createStore<SearchState>({ phase: 'off' });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let underWay = new AbortController();
  let term = '';

  function stop(): void {
    clearTimeout(timer);
    underWay.abort();
  }

  function type(text: string): void {
    const next = text.trim();
    if (next === term && state.get().phase !== 'off') return;
    term = next;
    stop();
    const missing = TERM_LEAST - [...term].length;
    if (term === '') state.set({ phase: 'off' });
    else if (missing > 0) state.set({ phase: 'short', missing });
    else {
      state.set({ phase: 'searching', term, found: hitsIn(state.get()) });
      timer = setTimeout(() => void search(term), TYPING_PAUSE_MS);
    }
  }

  function now(): void {
    if (!['searching', 'fault'].includes(state.get().phase)) return;
    stop();
    void search(term);
  }

  async function search(wanted: string): Promise<void> {
    const mine = new AbortController();
    underWay = mine;
    try {
      const found = await find(wanted, mine.signal);
      if (!mine.signal.aborted)
        state.set({ phase: 'found', term: wanted, found: { ...found, term: wanted } });
    } catch (fault) {
      if (!mine.signal.aborted) state.set({ phase: 'fault', term: wanted, title: titleOf(fault) });
    }
  }

  return { state, type, now, stop };
}

/** What there is to show, if only of an earlier term. */
export const hitsIn = (state: SearchState): Hits | undefined => ('found' in state ? state.found : undefined);
