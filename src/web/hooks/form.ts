import { useState } from 'preact/hooks';
import { NotDone, titleOf } from '../api/api-error.ts';

/** What went wrong with a form: as a whole, and field by field as the server names them. */
export interface FormFault {
  title: string;
  fields: Readonly<Record<string, string>>;
  /** For what depends on the kind of refusal. */
  problem: NotDone | undefined;
}

export interface FormState {
  isBusy: boolean;
  fault: FormFault | undefined;
  /** Does it, unless it is being done already, and keeps what goes wrong. Answers whether it is done. */
  run(act: () => Promise<void>): Promise<boolean>;
  clear(): void;
}

/** The state of a form, or a button, that asks the server for something. */
export function useForm(): FormState {
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<FormFault | undefined>(undefined);
  async function run(act: () => Promise<void>): Promise<boolean> {
    if (isBusy) return false;
    setBusy(true);
    setFault(undefined);
    try {
      await act();
      return true;
    } catch (caught) {
      setFault(faultOf(caught));
      return false;
    } finally {
      setBusy(false);
    }
  }
  return { isBusy, fault, run, clear: () => setFault(undefined) };
}

function faultOf(caught: unknown): FormFault {
  const problem = caught instanceof NotDone ? caught : undefined;
  const fields = Object.fromEntries(problem?.errors.map(({ field, message }) => [field, message]) ?? []);
  return { title: titleOf(caught), fields, problem };
}

/** The text of a form's field, or an empty text. */
export function textOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === 'string' ? value : '';
}
