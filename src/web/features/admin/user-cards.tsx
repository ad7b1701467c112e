import type { JSX } from 'preact';
import { auditRecords, type ShownUser, type UserSession, userSessions } from '../../api/admin.ts';
import { useKeptFocus } from '../../hooks/focus.ts';
import { useAnswer } from '../../hooks/load.ts';
import { hrefOf } from '../../route.ts';
import { formatDateTime } from '../../ui/format.ts';
import { LoadFault } from '../../ui/notice.tsx';
import { useLiveSessions } from '../sessions/live-sessions.ts';
import { SessionTable } from '../sessions/session-table.tsx';
import { type Act, endSession } from './admin-actions.ts';
import { AuditTable } from './audit-table.tsx';
import { useNames } from './user-names.ts';
import { StateBadge } from './user-table.tsx';

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

export interface UserSessionsProps {
  user: ShownUser;
  mayEnd: boolean;
  /** Goes up with whatever has been done to the user. */
  version: number;
  onAct: (act: Act) => void;
}

/** Where the user is logged in. */
export function UserSessions({ user, mayEnd, version, onAct }: UserSessionsProps): JSX.Element {
  const answer = useLiveSessions((isBackground) => userSessions(user.id, isBackground), [user.id, version]);
  const { value: sessions } = answer;
  const kept = useKeptFocus<HTMLElement>([sessions]);
  const action = (session: UserSession): JSX.Element => (
    <button type="button" class="danger small" onClick={() => onAct(endSession(user, session))}>
      End <span class="unseen">the session on {session.device}</span>
    </button>
  );
  return (
    <section class="card" aria-labelledby="sessions-heading" ref={kept} tabindex={-1}>
      <h2 id="sessions-heading">Sessions</h2>
      {answer.fault && <LoadFault answer={answer} what="The list" />}
      {sessions === undefined && !answer.fault && <p class="faint">Looking …</p>}
      {sessions?.length === 0 && <p class="faint">Logged in nowhere.</p>}
      {sessions !== undefined && sessions.length > 0 && (
        <SessionTable
          caption="The user's sessions"
          sessions={sessions}
          action={mayEnd ? action : undefined}
        />
      )}
    </section>
  );
}

const NEWEST = '5';

/** The newest of what has been recorded about and by the user. */
export function UserAudit({ id, version }: { id: string; version: number }): JSX.Element {
  const answer = useAnswer(() => auditRecords({ user: id, limit: NEWEST }), [id, version]);
  const records = answer.value?.records;
  const { known } = useNames(records);
  return (
    <section class="card" aria-labelledby="audit-heading">
      <h2 id="audit-heading">Newest audit records</h2>
      {answer.fault && <LoadFault answer={answer} what="The records" />}
      {records === undefined && !answer.fault && <p class="faint">Looking …</p>}
      {records?.length === 0 && <p class="faint">Nothing among the newest records.</p>}
      {records !== undefined && records.length > 0 && <AuditTable records={records} known={known} isBrief />}
      <p class="all">
        <a href={hrefOf({ page: 'audit', user: id })}>All records of this user</a>
      </p>
    </section>
  );
}
