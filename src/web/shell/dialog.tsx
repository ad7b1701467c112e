import type { Child } from 'hono/jsx';
import { useId, useRef } from 'hono/jsx/dom';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { useEffect } from './effect.ts';

export interface DialogProps {
  title: string;
  /** Escape was pressed. */
  onCancel: () => void;
  children?: Child;
}

/** A modal dialog: the browser keeps the focus inside and gives it back to where it was. */
export function Dialog({ title, onCancel, children }: DialogProps): JSX.Element {
  const id = useId();
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  const cancel = (event: Event): void => {
    event.preventDefault();
    onCancel();
  };
  return (
    <dialog ref={ref} aria-labelledby={id} onCancel={cancel}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}
