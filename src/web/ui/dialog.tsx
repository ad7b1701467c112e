import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useForm } from '../hooks/form.ts';
import { Notice } from './notice.tsx';

interface DialogProps {
  title: string;
  /** On Escape. */
  onCancel: () => void;
  children?: ComponentChildren;
}

/** A modal dialog. The browser keeps the focus inside, and restores it afterwards. */
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

interface ConfirmDialogProps {
  /** The question, with the name of what it affects. */
  title: string;
  /** Of the button that confirms. */
  label: string;
  /** The action is not destructive. */
  isHarmless?: boolean;
  action: () => Promise<void>;
  /** The action has succeeded or was cancelled. The dialog stays while it is running and when it has failed. */
  onClose: () => void;
  /** What will happen. */
  children?: ComponentChildren;
}

/** Asks for confirmation. The cancel button has the focus at first; an error is shown in the dialog. */
export function ConfirmDialog(props: ConfirmDialogProps): JSX.Element {
  const { title, label, isHarmless, action, onClose, children } = props;
  const form = useForm();
  const cancel = (): void => {
    if (!form.isBusy) onClose();
  };
  const confirm = (): void => void form.run(action).then((isDone) => isDone && onClose());
  return (
    <Dialog title={title} onCancel={cancel}>
      {children}
      {form.error && <Notice kind="error">{form.error.message}</Notice>}
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
