import type { JSX } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  label: string;
  name: string;
  /** Why the value is not valid. */
  error?: string | undefined;
  hint?: string | undefined;
}

interface FieldLayoutProps extends FieldProps {
  control: (props: {
    id: string;
    name: string;
    'aria-invalid'?: 'true';
    'aria-describedby'?: string;
  }) => JSX.Element;
}

/** A control with its label above, and its hint and error below, which are read out with it. */
function FieldLayout({ label, name, error, hint, control }: FieldLayoutProps): JSX.Element {
  const id = useId();
  const describedBy = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {control({
        id,
        name,
        ...(error !== undefined && { 'aria-invalid': 'true' }),
        ...(describedBy !== '' && { 'aria-describedby': describedBy }),
      })}
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

interface TextFieldProps extends FieldProps {
  type?: 'text' | 'password' | 'search';
  autocomplete?: string;
  inputmode?: 'decimal' | 'text';
  maxlength?: number;
  required?: boolean;
  onInput?: (event: Event) => void;
}

export const TextField = ({ label, name, error, hint, ...input }: TextFieldProps): JSX.Element => (
  <FieldLayout {...{ label, name, error, hint }} control={(control) => <input {...input} {...control} />} />
);

/** A text of several lines. */
export const TextAreaField = ({ value, ...field }: FieldProps & { value: string }): JSX.Element => (
  <FieldLayout
    {...field}
    control={(control) => (
      <textarea {...control} rows={3} spellcheck={false}>
        {value}
      </textarea>
    )}
  />
);

interface SelectFieldProps extends FieldProps {
  /** Each value with its text. */
  options: readonly (readonly [string, string])[];
  /** The value that is selected at first. */
  selected?: string | undefined;
}

export const SelectField = ({ options, selected, ...field }: SelectFieldProps): JSX.Element => (
  <FieldLayout
    {...field}
    control={(control) => (
      <select {...control}>
        {options.map(([value, text]) => (
          <option key={value} value={value} selected={value === selected}>
            {text}
          </option>
        ))}
      </select>
    )}
  />
);
