import type { JSX } from 'preact';
import { auditRecords, type User, type UserSession, userSessions } from '../../api/admin.ts';
import { useKeptFocus } from '../../hooks/focus.ts';
import { useLoad } from '../../hooks/load.ts';
import { hrefOf } from '../../route.ts';
import { formatDateTime } from '../../ui/format.ts';
import { LoadError } from '../../ui/notice.tsx';
import { SessionTable, useLiveSessions } from '../sessions/session-table.tsx';
import { type AdminAction, endSession } from './admin-actions.ts';
import { AuditTable } from './audit-table.tsx';
import { useUserNames } from './user-names.ts';

export const StatusBadge = ({ status }: Pick<User, 'status'>): JSX.Element => (
  <span class={status === 'active' ? 'badge good' : 'badge bad'}>{status}</span>
);

export const UserDetailsCard = ({ user }: { user: User }): JSX.Element => (
  <section class="card" aria-labelledby="details-heading">
    <h2 id="details-heading">User</h2>
    <dl class="facts">
      <dt>Username</dt>
      <dd>{user.username}</dd>
      <dt>Status</dt>
      <dd>
        <StatusBadge status={user.status} />
      </dd>
      <dt>Role</dt>
      <dd>{user.role}</dd>
      <dt>Email</dt>
      <dd>
        {user.email ?? 'none'}
        {user.unconfirmed_email && <small> ({user.unconfirmed_email}: not confirmed)</small>}
      </dd>
      <dt>Created</dt>
      <dd>{formatDateTime(user.created_at)}</dd>
      <dt>Id</dt>
      <dd class="mono">{user.id}</dd>
    </dl>
  </section>
);

interface UserSessionsCardProps {
  user: User;
  canEnd: boolean;
  /** Increased by each action, to load again. */
  version: number;
  onAction: (action: AdminAction) => void;
}

export function UserSessionsCard({ user, canEnd, version, onAction }: UserSessionsCardProps): JSX.Element {
  const loaded = useLiveSessions((isBackground) => userSessions(user.id, isBackground), [user.id, version]);
  const { value: sessions } = loaded;
  const card = useKeptFocus<HTMLElement>([sessions]);
  const action = (session: UserSession): JSX.Element => (
    <button type="button" class="danger small" onClick={() => onAction(endSession(user, session))}>
      End <span class="unseen">the session on {session.device}</span>
    </button>
  );
  return (
    <section class="card" aria-labelledby="sessions-heading" ref={card} tabindex={-1}>
      <h2 id="sessions-heading">Sessions</h2>
      {loaded.error && <LoadError loaded={loaded} what="The list" />}
      {sessions === undefined && !loaded.error && <p class="faint">Loading …</p>}
      {sessions?.length === 0 && <p class="faint">No active sessions.</p>}
      {sessions !== undefined && sessions.length > 0 && (
        <SessionTable
          caption="The user's sessions"
          sessions={sessions}
          action={canEnd ? action : undefined}
        />
      )}
    </section>
  );
}

const RECORDS_SHOWN = '5';

/** The newest audit records by and about the user. */
export function UserAuditCard({ id, version }: { id: string; version: number }): JSX.Element {
  const loaded = useLoad(() => auditRecords({ user: id, limit: RECORDS_SHOWN }), [id, version]);
  const records = loaded.value?.records;
  const { names } = useUserNames(records);
  return (
    <section class="card" aria-labelledby="audit-heading">
      <h2 id="audit-heading">Latest audit records</h2>
      {loaded.error && <LoadError loaded={loaded} what="The list" />}
      {records === undefined && !loaded.error && <p class="faint">Loading …</p>}
      {records?.length === 0 && <p class="faint">No recent records.</p>}
      {records !== undefined && records.length > 0 && <AuditTable records={records} names={names} isBrief />}
      <p class="all-records">
        <a href={hrefOf({ page: 'audit', user: id })}>All records of this user</a>
      </p>
    </section>
  );
}
