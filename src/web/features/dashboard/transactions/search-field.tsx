import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { onSubmit } from '../../../hooks/form.ts';
import { useStore } from '../../../hooks/store.ts';
import { TextField } from '../../../ui/field.tsx';
import { resultsText } from '../account/labels.ts';
import { type Search, type SearchState, TERM_MAX, TERM_MIN } from './search.ts';

/** Searches as the user types. Escape clears the field. */
export function SearchField({ search }: { search: Search }): JSX.Element {
  const state = useStore(search.state);
  const form = useRef<HTMLFormElement>(null);
  const clearOnEscape = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    form.current?.reset();
    search.type('');
  };
  return (
    <search>
      <form ref={form} class="transaction-search" onSubmit={onSubmit(search.now)} onKeyDown={clearOnEscape}>
        <TextField
          label="Search transactions"
          name="term"
          type="search"
          autocomplete="off"
          maxlength={TERM_MAX}
          onInput={({ target }) => search.type((target as HTMLInputElement).value)}
        />
        <p class="hint" role="status">
          {statusText(state)}
        </p>
      </form>
    </search>
  );
}

function statusText(state: SearchState): string {
  switch (state.phase) {
    case 'off':
      return `Search by payee, description or category (at least ${TERM_MIN} characters)`;
    case 'short':
      return `Type ${state.missing} more ${state.missing === 1 ? 'character' : 'characters'} to search.`;
    case 'searching':
      return 'Searching …';
    case 'found':
      return resultsText(state.found.transactions.length, state.found.complete);
    case 'failed':
      return '';
  }
}
