import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { findUsers, type ShownUser } from '../../api/admin.ts';
import { focusFirstFault } from '../../hooks/focus.ts';
import { textOf, useForm } from '../../hooks/form.ts';
import { hrefOf } from '../../route.ts';
import { Field, SelectField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ACTION_WORDS } from './audit-labels.ts';
import { matchOf, nobodyText } from './typed-text.ts';

export interface AuditFilterProps {
  user: string | undefined;
  /** The user's name, or the id as long as it isn't known. */
  userName: string;
  action: string | undefined;
  /** The name of the user who will be filtered by. */
  onFound: (user: ShownUser) => void;
  /** The filter that is there already was asked for once more. */
  onSame: () => void;
}

const ACTIONS: [string, string][] = [['', 'All'], ...Object.entries(ACTION_WORDS)];
const SUGGESTIONS = '5';

/** Chooses by user and by action. The choice goes into the address bar, and comes back from there. */
export function AuditFilter({ user, userName, action, onFound, onSame }: AuditFilterProps): JSX.Element {
  const form = useForm();
  const [nobody, setNobody] = useState<string | undefined>(undefined);
  const element = useRef<HTMLFormElement>(null);
  useEffect(() => {
    show(element.current, { user: userName, action: action ?? '' });
    setNobody(undefined);
  }, [userName, action]);

  async function idOf(typed: string): Promise<string | undefined> {
    if (typed === userName) return user;
    const { users } = await findUsers({ q: typed, limit: SUGGESTIONS });
    const match = matchOf(typed, users);
    if ('near' in match) return void setNobody(nobodyText(typed, match.near));
    onFound(match.found);
    return match.found.id;
  }
  async function filter(typed: string, wanted: string): Promise<void> {
    setNobody(undefined);
    const id = typed === '' ? '' : await idOf(typed);
    if (id === undefined) return;
    const href = hrefOf({ page: 'audit', ...(id && { user: id }), ...(wanted && { action: wanted }) });
    if (href === hrefOf({ page: 'audit', ...(user && { user }), ...(action && { action }) })) onSame();
    else location.hash = href;
  }
  const submit = (event: Event): void => {
    event.preventDefault();
    const target = event.target as HTMLFormElement;
    const [typed, wanted] = [textOf(target, 'user').trim(), textOf(target, 'action')];
    void form.run(() => filter(typed, wanted)).then(() => focusFirstFault(target));
  };
  return (
    <>
      {form.fault && <Notice kind="error">{form.fault.title}</Notice>}
      <form ref={element} class="filter" onSubmit={submit}>
        <Field label="User name" name="user" autocomplete="off" maxlength={64} error={nobody} />
        <SelectField label="Action" name="action" options={ACTIONS} />
        <div class="buttons">
          <button type="submit" aria-disabled={form.isBusy}>
            Filter
          </button>
          {(user || action) && <a href={hrefOf({ page: 'audit' })}>Show all</a>}
        </div>
      </form>
    </>
  );
}

/** Puts the filter of the address bar into the form; nothing is drawn anew, so the focus stays. */
function show(form: HTMLFormElement | null, values: { user: string; action: string }): void {
  for (const [name, value] of Object.entries(values)) {
    const field = form?.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = value;
  }
}
