import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface PageProps {
  title: string;
  /** For the browser's tab and history, where no customer's name belongs; `title` by default. */
  tabTitle?: string;
  /** Beside the heading. */
  aside?: ComponentChildren;
  children?: ComponentChildren;
}

/** A page's heading and content. The heading gets the focus, so that screen readers announce the new page. */
export function Page({ title, tabTitle = title, aside, children }: PageProps): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${tabTitle} – Portcullis`;
    heading.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [title, tabTitle]);
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
