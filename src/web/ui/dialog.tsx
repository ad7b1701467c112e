import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useForm } from '../hooks/form.ts';
import { Notice } from './notice.tsx';

export interface DialogProps {
  title: string;
  /** Escape was pressed. */
  onCancel: () => void;
  children?: ComponentChildren;
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

export interface ConfirmProps {
  /** The question, naming what and whom. */
  title: string;
  /** What the button that does it says. */
  label: string;
  /** It takes nothing away from anybody. */
  isHarmless?: boolean;
  act: () => Promise<void>;
  /** It has been done, or it was decided against. While it is being done, or has failed, the dialog stays. */
  onClose: () => void;
  /** What will happen. */
  children?: ComponentChildren;
}

/** Asks before something that is hard to undo. The focus begins at the way back; a refusal is told here. */
export function Confirm({ title, label, isHarmless, act, onClose, children }: ConfirmProps): JSX.Element {
  const form = useForm();
  const cancel = (): void => {
    if (!form.isBusy) onClose();
  };
  const confirm = (): void => void form.run(act).then((isDone) => isDone && onClose());
  return (
    <Dialog title={title} onCancel={cancel}>
      {children}
      {form.fault && <Notice kind="error">{form.fault.title}</Notice>}
      <div class="buttons">
        <button type="button" class="quiet" onClick={cancel}>
          Cancel
        </button>
        <button
          type="button"
          class={isHarmless ? undefined : 'danger'}
          aria-disabled={form.isBusy}
          onClick={confirm}
        >
          {label}
        </button>
      </div>
    </Dialog>
  );
}
