import { useId } from 'hono/jsx/dom';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';

export interface FieldProps {
  label: string;
  name: string;
  type?: 'text' | 'password' | 'search';
  autocomplete?: string;
  inputmode?: 'decimal' | 'text';
  maxlength?: number;
  required?: boolean;
  /** What is wrong with it. */
  error?: string | undefined;
  hint?: string;
  onInput?: (event: Event) => void;
}

/** A labelled input. What is wrong with it stands below it and is read out with it. */
export function Field({ label, error, hint, ...input }: FieldProps): JSX.Element {
  const id = useId();
  const describedBy = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...input}
        id={id}
        aria-invalid={error === undefined ? undefined : 'true'}
        aria-describedby={describedBy === '' ? undefined : describedBy}
      />
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}
