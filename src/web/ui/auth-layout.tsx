import type { JSX, RenderableProps } from 'preact';
import { useEffect } from 'preact/hooks';
import icon from '../icon.svg';

export const Brand = (): JSX.Element => (
  <span class="brand">
    <img src={icon} alt="" width="24" height="24" />
    Portcullis
  </span>
);

/** The layout of the pages that need no login. Their first field gets the focus. */
export function AuthLayout({ title, children }: RenderableProps<{ title: string }>): JSX.Element {
  useEffect(() => {
    document.title = `${title} – Portcullis`;
    // The user may be typing in another field already.
    if (document.activeElement instanceof HTMLInputElement) return;
    document.querySelector<HTMLInputElement>('.auth-layout input')?.focus();
  }, [title]);
  return (
    <main class="auth-layout">
      <Brand />
      <h1>{title}</h1>
      {children}
    </main>
  );
}
