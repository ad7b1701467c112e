import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { findUsers, type User } from '../../api/admin.ts';
import { focusFirstError } from '../../hooks/focus.ts';
import { fieldText, onSubmit, useForm } from '../../hooks/form.ts';
import { hrefOf } from '../../route.ts';
import { SelectField, TextField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ACTION_LABELS } from './audit-labels.ts';
import { matchUser, noMatchText } from './typed-text.ts';

interface AuditFilterProps {
  user: string | undefined;
  /** The username, or the id until it is known. */
  userName: string;
  action: string | undefined;
  /** With the user of the next filter. */
  onFound: (user: User) => void;
  /** The current filter was submitted again. */
  onSame: () => void;
}

const ACTIONS: [string, string][] = [['', 'All'], ...Object.entries(ACTION_LABELS)];
const SUGGESTIONS_MAX = '5';

/** Filters by user and by action. The filter is kept in the address bar. */
export function AuditFilter({ user, userName, action, onFound, onSame }: AuditFilterProps): JSX.Element {
  const form = useForm();
  const [noMatch, setNoMatch] = useState<string | undefined>(undefined);
  const element = useRef<HTMLFormElement>(null);
  useEffect(() => {
    showFilter(element.current, { user: userName, action: action ?? '' });
    setNoMatch(undefined);
  }, [userName, action]);

  async function findUserId(typed: string): Promise<string | undefined> {
    if (typed === userName) return user;
    const { users } = await findUsers({ q: typed, limit: SUGGESTIONS_MAX });
    const match = matchUser(typed, users);
    if ('similar' in match) return void setNoMatch(noMatchText(typed, match.similar));
    onFound(match.found);
    return match.found.id;
  }
  async function filter(typed: string, newAction: string): Promise<void> {
    setNoMatch(undefined);
    const id = typed === '' ? '' : await findUserId(typed);
    if (id === undefined) return;
    const href = auditHref(id, newAction);
    if (href === auditHref(user, action)) onSame();
    else location.hash = href;
  }
  const submit = onSubmit((target) => {
    const [typed, newAction] = [fieldText(target, 'user').trim(), fieldText(target, 'action')];
    void form.run(() => filter(typed, newAction)).then(() => focusFirstError(target));
  });
  return (
    <>
      {form.error && <Notice kind="error">{form.error.message}</Notice>}
      <form ref={element} class="filter" onSubmit={submit}>
        <TextField label="Username" name="user" autocomplete="off" maxlength={64} error={noMatch} />
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

const auditHref = (user: string | undefined, action: string | undefined): string =>
  hrefOf({ page: 'audit', ...(user && { user }), ...(action && { action }) });

/** Sets the fields without rendering them again, so that the focus stays. */
function showFilter(form: HTMLFormElement | null, values: { user: string; action: string }): void {
  for (const [name, value] of Object.entries(values)) {
    const field = form?.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = value;
  }
}
