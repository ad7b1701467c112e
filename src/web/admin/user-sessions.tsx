import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { type ShownUser, type UserSession, userSessions } from '../api/admin.ts';
import { useLiveSessions } from '../sessions/live-sessions.ts';
import { SessionTable } from '../sessions/session-table.tsx';
import { useKeptFocus } from '../shell/kept-focus.ts';
import { LoadFault } from '../shell/load-fault.tsx';
import { type Act, endSession } from './acts.ts';

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
