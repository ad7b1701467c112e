import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Pages } from '../hooks/load.ts';
import { LoadFault } from './notice.tsx';

export interface MoreProps<Item> {
  /** What the button says. */
  label: string;
  /** What is said when there is no more. */
  end: string;
  pages: Pages<Item>;
}

/** Adds the next page, as long as there is one. When the last has come, the focus is not lost with the button. */
export function More<Item>({ label, end, pages }: MoreProps<Item>): JSX.Element | null {
  const last = useRef<HTMLParagraphElement>(null);
  const wasClicked = useRef(false);
  const isLast = pages.value?.next === null;
  useEffect(() => {
    if (isLast && wasClicked.current && document.activeElement === document.body) last.current?.focus();
    wasClicked.current = false;
  }, [isLast]);
  if (pages.value === undefined) return null;
  if (isLast) {
    return (
      <p ref={last} class="faint end" tabindex={-1}>
        {end}
      </p>
    );
  }
  const more = (): void => {
    wasClicked.current = true;
    void pages.more();
  };
  return (
    <button type="button" class="quiet more" aria-disabled={pages.isBusy} onClick={more}>
      {pages.isBusy ? 'Loading …' : label}
    </button>
  );
}

/** Why there is nothing, or no more of it, and a way to ask again for just that. */
export function PagesFault<Item>({ pages }: { pages: Pages<Item> }): JSX.Element | null {
  const { value, fault, reload, more } = pages;
  if (fault === undefined) return null;
  const [what, again] = value === undefined ? ['The list', reload] : ['The rest of the list', more];
  return <LoadFault what={what} answer={{ value: undefined, fault, reload: again }} />;
}
