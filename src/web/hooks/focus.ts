import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * For an element whose content changes without the user: when its focused descendant is removed by a change of `deps`,
 * the element itself gets the focus. It needs `tabindex={-1}`.
 */
export function useKeptFocus<Container extends HTMLElement>(deps: readonly unknown[]): RefObject<Container> {
  const container = useRef<Container>(null);
  const focused = useRef<Element | null>(null);
  useEffect(() => {
    const element = container.current;
    const onFocusIn = ({ target }: FocusEvent): void => {
      focused.current = target as Element;
    };
    element?.addEventListener('focusin', onFocusIn);
    return () => element?.removeEventListener('focusin', onFocusIn);
  }, []);
  useEffect(() => {
    if (focused.current === null || focused.current.isConnected) return;
    focused.current = null;
    if (document.activeElement === document.body) container.current?.focus();
  }, deps);
  return container;
}

/** Focuses the first invalid field of a form, once the errors have been rendered. */
export function focusFirstError(form: HTMLFormElement): void {
  requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}
