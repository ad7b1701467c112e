import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface NoticeProps {
  kind: 'error' | 'info' | 'done';
  children?: ComponentChildren;
}

/** Something to know at once: errors are read out immediately, the rest when there is time. */
export const Notice = ({ kind, children }: NoticeProps): JSX.Element => (
  <p class={`notice ${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
    {children}
  </p>
);

/** What has been done. A new object each time, so that the same outcome is told again. */
export interface Outcome {
  text: string;
}

export interface OutcomeNoticeProps {
  outcome: Outcome | undefined;
  /** What else there is to say of it. */
  children?: ComponentChildren;
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

export interface LoadFaultProps {
  /** What has been asked for: `The list`. */
  what: string;
  answer: { value: unknown; fault: string | undefined; reload(): Promise<void> };
}

/** Why there is nothing, or nothing newer, and a way to ask again. */
export const LoadFault = ({ what, answer: { value, fault, reload } }: LoadFaultProps): JSX.Element => (
  <div class="notice error load-fault" role="alert">
    <p>
      {what} {value === undefined ? 'could not be loaded' : 'may be out of date'}: {fault}
    </p>
    <button type="button" class="quiet small" onClick={() => void reload()}>
      Try again
    </button>
  </div>
);
