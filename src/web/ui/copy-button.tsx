import type { JSX, RefObject } from 'preact';
import { useState } from 'preact/hooks';

const STATUS_MS = 4000;

interface CopyButtonProps {
  text: string;
  /** What is copied, such as `account number`. */
  what: string;
  /** Contains the text. It is selected, so that the text can be copied with the keyboard. */
  field?: RefObject<HTMLInputElement>;
}

/** Copies a text. Without the Clipboard API (plain HTTP) and without a field, there is no button. */
export function CopyButton({ text, what, field }: CopyButtonProps): JSX.Element | null {
  const [status, setStatus] = useState('');
  if (navigator.clipboard === undefined && field === undefined) return null;
  const show = (message: string): void => {
    setStatus(message);
    setTimeout(() => setStatus(''), STATUS_MS);
  };
  const failed = field ? 'Selected. Copy it with the keyboard.' : "Couldn't copy. Select it instead.";
  const copy = (): void => {
    field?.current?.select();
    const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'));
    copied.then(
      () => show('Copied'),
      () => show(failed),
    );
  };
  return (
    <>
      <button type="button" class="quiet small" onClick={copy}>
        Copy<span class="unseen"> the {what}</span>
      </button>
      <span class="copy-status" role="status">
        {status}
      </span>
    </>
  );
}
