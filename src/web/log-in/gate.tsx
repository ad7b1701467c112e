import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { Brand } from '../shell/brand.tsx';
import { useEffect } from '../shell/effect.ts';

/** The frame of the pages before the gate. */
export function Gate({ title, children }: { title: string; children?: Child }): JSX.Element {
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
