import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { useStore } from '../../../hooks/store.ts';
import { Field } from '../../../ui/field.tsx';
import { hitsText } from '../account/labels.ts';
import { type Search, type SearchState, TERM_LEAST, TERM_MOST } from './search.ts';

/** Searches as you type. What has become of it is read out when there is time. */
export function SearchField({ search }: { search: Search }): JSX.Element {
  const state = useStore(search.state);
  const form = useRef<HTMLFormElement>(null);
  const clear = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    form.current?.reset();
    search.type('');
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    search.now();
  };
  return (
    <search>
      <form ref={form} class="transaction-search" onSubmit={submit} onKeyDown={clear}>
        <Field
          label="Search transactions"
          name="term"
          type="search"
          autocomplete="off"
          maxlength={TERM_MOST}
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
      return `Counterparty, description or type, from ${TERM_LEAST} characters on.`;
    case 'short':
      return `Type ${state.missing} more ${state.missing === 1 ? 'character' : 'characters'} to search.`;
    case 'searching':
      return 'Searching …';
    case 'found':
      return hitsText(state.found.transactions.length, state.found.complete);
    case 'fault':
      return '';
  }
}
