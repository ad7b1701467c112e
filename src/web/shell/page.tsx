import type { Child } from 'hono/jsx';
import { useRef } from 'hono/jsx/dom';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { useEffect } from './effect.ts';

export interface PageProps {
  title: string;
  /** Beside the heading. */
  aside?: Child;
  children?: Child;
}

/** A page's heading and content. The heading takes the focus, so that whoever can't see knows where they are. */
export function Page({ title, aside, children }: PageProps): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} – Portcullis`;
    heading.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [title]);
  return (
    <main id="content">
      <div class="page-head">
        <h1 ref={heading} tabindex={-1}>
          {title}
        </h1>
        {aside}
      </div>
      {children}
    </main>
  );
}
