import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import icon from '../icon.svg';

/** The frame of the pages before the gate. */
export function Gate({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  useEffect(() => {
    document.title = `${title} – Portcullis`;
    // Whoever is quicker than the frame and types already is not sent elsewhere.
    if (document.activeElement instanceof HTMLInputElement) return;
    document.querySelector<HTMLInputElement>('.gate input')?.focus();
  }, [title]);
  return (
    <main class="gate">
      <Brand />
      <h1>{title}</h1>
      {children}
    </main>
  );
}

/** The name, with the sign that is in the browser's tab. */
export const Brand = (): JSX.Element => (
  <span class="brand">
    <img src={icon} alt="" width="24" height="24" />
    Portcullis
  </span>
);
