import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { PagedList } from '../hooks/load.ts';
import { LoadError } from './notice.tsx';

interface MoreButtonProps<Item> {
  label: string;
  /** Shown after the last page. */
  end: string;
  list: PagedList<Item>;
}

/** Loads the next page, as long as there is one. After the last one, the end mark takes the button's focus. */
export function MoreButton<Item>({ label, end, list }: MoreButtonProps<Item>): JSX.Element | null {
  const endMark = useRef<HTMLParagraphElement>(null);
  const wasClicked = useRef(false);
  const isLast = list.value?.next === null;
  useEffect(() => {
    if (isLast && wasClicked.current && document.activeElement === document.body) endMark.current?.focus();
    wasClicked.current = false;
  }, [isLast]);
  if (list.value === undefined) return null;
  if (isLast) {
    return (
      <p ref={endMark} class="faint list-end" tabindex={-1}>
        {end}
      </p>
    );
  }
  const loadMore = (): void => {
    wasClicked.current = true;
    void list.loadMore();
  };
  return (
    <button type="button" class="quiet more-button" aria-disabled={list.isBusy} onClick={loadMore}>
      {list.isBusy ? 'Loading …' : label}
    </button>
  );
}

/** Why there is no list or no next page, and a button to load just that again. */
export function PagedListError<Item>({ list }: { list: PagedList<Item> }): JSX.Element | null {
  const { value, error, reload, loadMore } = list;
  if (error === undefined) return null;
  const [what, retry] = value === undefined ? ['The list', reload] : ['The rest of the list', loadMore];
  return <LoadError what={what} loaded={{ value: undefined, error, reload: retry }} />;
}
