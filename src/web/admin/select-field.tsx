import { useId } from 'hono/jsx/dom';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';

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
