import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { findUsers, type ShownUser } from '../../api/admin.ts';
import type { Who } from '../../api/auth.ts';
import { type LoadedPage, usePages } from '../../hooks/load.ts';
import { hrefOf } from '../../route.ts';
import { Field } from '../../ui/field.tsx';
import { type Outcome, OutcomeNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { More, PagesFault } from '../../ui/paged-list.tsx';
import { nameOf } from './admin-actions.ts';
import { NewUserDialog } from './new-user-dialog.tsx';
import { UserTable } from './user-table.tsx';

const TYPING_PAUSE_MS = 250;

async function load(q: string, cursor: string | undefined): Promise<LoadedPage<ShownUser>> {
  const { users, next_cursor } = await findUsers({ q, cursor });
  return { items: users, next: next_cursor };
}

/** All users, or those whose name begins with a text. */
export function UsersPage({ who }: { who: Who }): JSX.Element {
  const [q, setQ] = useState('');
  const [isAdding, setAdding] = useState(false);
  const [added, setAdded] = useState<(Outcome & { user: ShownUser }) | undefined>(undefined);
  const pages = usePages((cursor) => load(q, cursor), [q]);
  const onCreated = (user: ShownUser): void => {
    setAdded({ text: `${nameOf(user)} has been created. `, user });
    void pages.reload();
  };
  const newUser = (
    <button type="button" onClick={() => setAdding(true)}>
      New user
    </button>
  );
  return (
    <Page title="Users" aside={newUser}>
      <OutcomeNotice outcome={added}>
        {added && <a href={hrefOf({ page: 'user', id: added.user.id })}>Go to the user</a>}
      </OutcomeNotice>
      <section class="card users" aria-label="Users by name">
        <Search onSearch={setQ} />
        <PagesFault pages={pages} />
        <p class="faint count" role="status">
          {pages.fault ? '' : countOf(pages.value, q)}
        </p>
        {pages.value && pages.value.items.length > 0 && <UserTable users={pages.value.items} />}
        <More label="Show more" end="These are all." pages={pages} />
      </section>
      {isAdding && <NewUserDialog who={who} onCreated={onCreated} onClose={() => setAdding(false)} />}
    </Page>
  );
}

/** Tells what is typed, when the typing pauses. */
function Search({ onSearch }: { onSearch: (q: string) => void }): JSX.Element {
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onInput = ({ target }: Event): void => {
    const { value } = target as HTMLInputElement;
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => onSearch(value.trim()), TYPING_PAUSE_MS);
  };
  return (
    <search class="search">
      <Field
        label="User name begins with"
        name="q"
        type="search"
        autocomplete="off"
        maxlength={64}
        onInput={onInput}
      />
    </search>
  );
}

function countOf(page: LoadedPage<ShownUser> | undefined, q: string): string {
  if (page === undefined) return 'Looking …';
  const { length } = page.items;
  if (length === 0) return q === '' ? 'There are no users.' : `No user name begins with “${q}”.`;
  const count = length === 1 ? 'One user' : `${length} users`;
  return page.next === null ? count : `The first ${length} users`;
}
