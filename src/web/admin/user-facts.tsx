import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import type { ShownUser } from '../api/admin.ts';
import { formatDateTime } from '../format.ts';
import { StateBadge } from './state-badge.tsx';

export const UserFacts = ({ user }: { user: ShownUser }): JSX.Element => (
  <section class="card" aria-labelledby="facts-heading">
    <h2 id="facts-heading">User</h2>
    <dl class="facts">
      <dt>User name</dt>
      <dd>{user.username}</dd>
      <dt>State</dt>
      <dd>
        <StateBadge status={user.status} />
      </dd>
      <dt>Role</dt>
      <dd>{user.role}</dd>
      <dt>E-mail address</dt>
      <dd>{user.email ?? 'none'}</dd>
      <dt>Created</dt>
      <dd>{formatDateTime(user.created_at)}</dd>
      <dt>Id</dt>
      <dd class="mono">{user.id}</dd>
    </dl>
  </section>
);
