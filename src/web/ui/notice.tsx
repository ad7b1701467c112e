import type { JSX, RenderableProps } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

type NoticeProps = RenderableProps<{ kind: 'error' | 'info' | 'done' }>;

/** A message. Errors are read out immediately, others when the screen reader is idle. */
export const Notice = ({ kind, children }: NoticeProps): JSX.Element => (
  <p class={`notice ${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
    {children}
  </p>
);

/** The result of an action. A new object each time, so that the same text is announced again. */
export interface Outcome {
  text: string;
}

type OutcomeNoticeProps = RenderableProps<{ outcome: Outcome | undefined }>;

/** Shows the result of an action, followed by the children. It takes the focus, because the element that was clicked may be gone. */
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

interface LoadErrorProps {
  /** What was to be loaded, such as `The list`. */
  what: string;
  loaded: { value: unknown; error: string | undefined; reload(): Promise<void> };
}

/** Why there is nothing, or nothing newer, and a button to try again. */
export const LoadError = ({ what, loaded: { value, error, reload } }: LoadErrorProps): JSX.Element => (
  <div class="notice error load-error" role="alert">
    <p>
      {what} {value === undefined ? 'could not be loaded' : 'may be out of date'}: {error}
    </p>
    <button type="button" class="quiet small" onClick={() => void reload()}>
      Try again
    </button>
  </div>
);
