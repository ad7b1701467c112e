import { messageOf } from '../../../api/api-error.ts';
import type { SearchResult } from '../../../api/bank.ts';
import { createStore, type Store } from '../../../hooks/store.ts';
import { debounceTyping } from '../../../hooks/timing.ts';

/** In characters, as at the server. */
export const TERM_MIN = 3;
export const TERM_MAX = 100;

export type SearchState =
  | { phase: 'off' }
  | { phase: 'short'; missing: number }
  /** `found` is the result for an earlier term, until the next one arrives. */
  | { phase: 'searching'; term: string; found: SearchHits | undefined }
  | { phase: 'found'; term: string; found: SearchHits }
  | { phase: 'failed'; term: string; error: string };

interface SearchHits extends SearchResult {
  /** The term that was searched for. */
  term: string;
}

export interface Search {
  state: Store<SearchState>;
  /** Sets the text of the field. */
  type(text: string): void;
  /** Searches at once for the text of the field. */
  now(): void;
  stop(): void;
}

/** Searches while the user types: after a short pause, from the third character on, and only for the last text. */
export function createSearch(find: (term: string, signal: AbortSignal) => Promise<SearchResult>): Search {
  const state = createStore<SearchState>({ phase: 'off' });
  let running = new AbortController();
  let term = '';
  const typing = debounceTyping(() => void search(term));

  function stop(): void {
    typing.cancel();
    running.abort();
  }

  function type(text: string): void {
    const next = text.trim();
    if (next === term && state.get().phase !== 'off') return;
    term = next;
    stop();
    const missing = TERM_MIN - [...term].length;
    if (term === '') state.set({ phase: 'off' });
    else if (missing > 0) state.set({ phase: 'short', missing });
    else {
      state.set({ phase: 'searching', term, found: hitsIn(state.get()) });
      typing.call();
    }
  }

  function now(): void {
    if (!['searching', 'failed'].includes(state.get().phase)) return;
    stop();
    void search(term);
  }

  async function search(term: string): Promise<void> {
    running = new AbortController();
    const { signal } = running;
    try {
      const result = await find(term, signal);
      if (!signal.aborted) state.set({ phase: 'found', term, found: { ...result, term } });
    } catch (error) {
      if (!signal.aborted) state.set({ phase: 'failed', term, error: messageOf(error) });
    }
  }

  return { state, type, now, stop };
}

/** The result to show, perhaps of an earlier term. */
export const hitsIn = (state: SearchState): SearchHits | undefined =>
  'found' in state ? state.found : undefined;
