import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { findUsers, type User } from '../../api/admin.ts';
import type { CurrentUser } from '../../api/auth.ts';
import { type ListPage, usePagedList } from '../../hooks/load.ts';
import { debounceTyping } from '../../hooks/timing.ts';
import { hrefOf } from '../../route.ts';
import { TextField } from '../../ui/field.tsx';
import { formatDateTime } from '../../ui/format.ts';
import { type Outcome, OutcomeNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { MoreButton, PagedListError } from '../../ui/paged-list.tsx';
import { TableHead } from '../../ui/table-head.tsx';
import { fullName } from './admin-actions.ts';
import { NewUserDialog } from './new-user-dialog.tsx';
import { StatusBadge } from './user-cards.tsx';

/** All users, or those whose username starts with a text. */
export function UsersPage({ currentUser }: { currentUser: CurrentUser }): JSX.Element {
  const [q, setQ] = useState('');
  const [isAdding, setAdding] = useState(false);
  const [added, setAdded] = useState<(Outcome & { user: User }) | undefined>(undefined);
  const list = usePagedList((cursor) => load(q, cursor), [q]);
  const { value } = list;
  const onCreated = (user: User): void => {
    setAdded({ text: `${fullName(user)} has been created. `, user });
    void list.reload();
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
        <UserSearch onSearch={setQ} />
        <PagedListError list={list} />
        <p class="faint list-count" role="status">
          {list.error ? '' : countText(value, q)}
        </p>
        {value && value.items.length > 0 && <UserTable users={value.items} />}
        <MoreButton label="Show more" end="End of list" list={list} />
      </section>
      {isAdding && (
        <NewUserDialog currentUser={currentUser} onCreated={onCreated} onClose={() => setAdding(false)} />
      )}
    </Page>
  );
}

async function load(q: string, cursor: string | undefined): Promise<ListPage<User>> {
  const { users, next_cursor } = await findUsers({ q, cursor });
  return { items: users, next: next_cursor };
}

function UserSearch({ onSearch }: { onSearch: (q: string) => void }): JSX.Element {
  const text = useRef('');
  const [search] = useState(() => debounceTyping(() => onSearch(text.current.trim())));
  useEffect(() => search.cancel, []);
  const onInput = ({ target }: Event): void => {
    text.current = (target as HTMLInputElement).value;
    search.call();
  };
  return (
    <search class="search">
      <TextField
        label="Username starts with"
        name="q"
        type="search"
        autocomplete="off"
        maxlength={64}
        onInput={onInput}
      />
    </search>
  );
}

function countText(page: ListPage<User> | undefined, q: string): string {
  if (page === undefined) return 'Loading …';
  const { length } = page.items;
  if (length === 0) return q === '' ? 'There are no users.' : `No username starts with “${q}”.`;
  if (page.next !== null) return `The first ${length} users`;
  return length === 1 ? '1 user' : `${length} users`;
}

const UserTable = ({ users }: { users: readonly User[] }): JSX.Element => (
  <table class="cards">
    <TableHead caption="Users" columns={['Name', 'Username', 'Role', 'Status', 'Created']} />
    <tbody>
      {users.map((user) => (
        <tr key={user.id}>
          <th scope="row">
            <a href={hrefOf({ page: 'user', id: user.id })}>{user.display_name}</a>
          </th>
          <td data-label="Username">{user.username}</td>
          <td data-label="Role">{user.role}</td>
          <td data-label="Status">
            <StatusBadge status={user.status} />
          </td>
          <td data-label="Created" class="numbers">
            {formatDateTime(user.created_at)}
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);
