import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

const SAID_MS = 4000;

/** Copies a text and says so. Browsers have a clipboard only where nobody listens in: without one, it isn't there. */
export function CopyButton({ text, what }: { text: string; what: string }): JSX.Element | null {
  const [said, setSaid] = useState('');
  if (navigator.clipboard === undefined) return null;
  const say = (words: string): void => {
    setSaid(words);
    setTimeout(() => setSaid(''), SAID_MS);
  };
  const copy = (): void =>
    void navigator.clipboard.writeText(text).then(
      () => say('Copied'),
      () => say('Not copied: select it instead'),
    );
  return (
    <>
      <button type="button" class="quiet small" onClick={copy}>
        Copy<span class="unseen"> {what}</span>
      </button>
      <span class="said" role="status">
        {said}
      </span>
    </>
  );
}
