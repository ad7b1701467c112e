import type { Child } from 'hono/jsx';
import { useRef } from 'hono/jsx/dom';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { useEffect } from './effect.ts';

/** What has been done. A new object each time, so that the same outcome is told again. */
export interface Outcome {
  text: string;
}

export interface OutcomeNoticeProps {
  outcome: Outcome | undefined;
  /** What else there is to say of it. */
  children?: Child;
}

/**
 * Says what has been done. It takes the focus, because what was clicked may be gone by then, such as the row of what
 * was ended.
 */
export function OutcomeNotice({ outcome, children }: OutcomeNoticeProps): JSX.Element {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (outcome !== undefined) ref.current?.focus();
  }, [outcome]);
  return (
    <div ref={ref} class={outcome ? 'notice done outcome' : 'outcome'} role="status" tabindex={-1}>
      {outcome?.text}
      {outcome && children}
    </div>
  );
}
