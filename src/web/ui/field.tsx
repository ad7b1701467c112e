import type { JSX } from 'preact';
import { useId } from 'preact/hooks';

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

export interface SelectFieldProps {
  label: string;
  name: string;
  /** Each value with what is shown for it. */
  options: readonly (readonly [string, string])[];
  /** The value that is selected at first. */
  selected?: string | undefined;
  /** What is wrong with it. */
  error?: string | undefined;
}

/** A labelled choice of one. */
export function SelectField({ label, name, options, selected, error }: SelectFieldProps): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        name={name}
        aria-invalid={error === undefined ? undefined : 'true'}
        aria-describedby={error === undefined ? undefined : `${id}-error`}
      >
        {options.map(([value, text]) => (
          <option key={value} value={value} selected={value === selected}>
            {text}
          </option>
        ))}
      </select>
      {error && (
        <p class="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}
