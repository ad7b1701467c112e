import { useState } from 'preact/hooks';
import { ApiError, messageOf } from '../api/api-error.ts';

/** Why an action failed: as a whole, and by field. */
export interface FormError {
  message: string;
  /** Validation messages by the server's name of the field. */
  fields: Readonly<Record<string, string>>;
  /** For messages that depend on the error's code. */
  apiError: ApiError | undefined;
}

interface FormState {
  isBusy: boolean;
  error: FormError | undefined;
  /** Runs the action, unless one is running, and keeps its error. Resolves to whether it succeeded. */
  run(action: () => Promise<void>): Promise<boolean>;
}

/** The state of a form or a button that sends a request. */
export function useForm(): FormState {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<FormError | undefined>(undefined);
  async function run(action: () => Promise<void>): Promise<boolean> {
    if (isBusy) return false;
    setBusy(true);
    setError(undefined);
    try {
      await action();
      return true;
    } catch (caught) {
      setError(formError(caught));
      return false;
    } finally {
      setBusy(false);
    }
  }
  return { isBusy, error, run };
}

function formError(caught: unknown): FormError {
  const apiError = caught instanceof ApiError ? caught : undefined;
  const fields = Object.fromEntries(apiError?.errors.map(({ field, message }) => [field, message]) ?? []);
  return { message: messageOf(caught), fields, apiError };
}

/** The value of a text field, or an empty text. */
export function fieldText(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === 'string' ? value : '';
}

/** A handler of `submit` events, for forms that scripts send. */
export const onSubmit =
  (handle: (form: HTMLFormElement) => void) =>
  (event: Event): void => {
    event.preventDefault();
    handle(event.target as HTMLFormElement);
  };
