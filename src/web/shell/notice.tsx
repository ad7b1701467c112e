import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';

export interface NoticeProps {
  kind: 'error' | 'info' | 'done';
  children?: Child;
}

/** Something to know at once: errors are read out immediately, the rest when there is time. */
export const Notice = ({ kind, children }: NoticeProps): JSX.Element => (
  <p class={`notice ${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
    {children}
  </p>
);
