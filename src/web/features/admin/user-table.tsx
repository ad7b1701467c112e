import type { JSX } from 'preact';
import type { ShownUser } from '../../api/admin.ts';
import { hrefOf } from '../../route.ts';
import { formatDateTime } from '../../ui/format.ts';

export const UserTable = ({ users }: { users: readonly ShownUser[] }): JSX.Element => (
  <table class="cards">
    <caption class="unseen">Users</caption>
    <thead>
      <tr>
        <th scope="col">Name</th>
        <th scope="col">User name</th>
        <th scope="col">Role</th>
        <th scope="col">State</th>
        <th scope="col">Created</th>
      </tr>
    </thead>
    <tbody>
      {users.map((user) => (
        <tr key={user.id}>
          <th scope="row">
            <a href={hrefOf({ page: 'user', id: user.id })}>{user.display_name}</a>
          </th>
          <td data-label="User name">{user.username}</td>
          <td data-label="Role">{user.role}</td>
          <td data-label="State">
            <StateBadge status={user.status} />
          </td>
          <td data-label="Created" class="numbers">
            {formatDateTime(user.created_at)}
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);

export const StateBadge = ({ status }: Pick<ShownUser, 'status'>): JSX.Element => (
  <span class={status === 'active' ? 'badge good' : 'badge bad'}>{status}</span>
);
