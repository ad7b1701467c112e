import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * For an element whose content changes by itself: when what had the focus in it has gone with a change of `deps`, the
 * element takes the focus itself. It needs `tabindex={-1}`.
 */
export function useKeptFocus<Kept extends HTMLElement>(deps: readonly unknown[]): RefObject<Kept> {
  const kept = useRef<Kept>(null);
  const inside = useRef<Element>(null);
  useEffect(() => {
    const element = kept.current;
    const note = ({ target }: FocusEvent): void => {
      inside.current = target as Element;
    };
    element?.addEventListener('focusin', note);
    return () => element?.removeEventListener('focusin', note);
  }, []);
  useEffect(() => {
    if (inside.current === null || inside.current.isConnected) return;
    inside.current = null;
    if (document.activeElement === document.body) kept.current?.focus();
  }, deps);
  return kept;
}

/** Puts the focus on the first field of a form that is wrong, once the faults have been drawn. */
export function focusFirstFault(form: HTMLFormElement): void {
  requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}
