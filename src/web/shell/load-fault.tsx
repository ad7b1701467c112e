import type { JSX } from 'hono/jsx/dom/jsx-runtime';

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
