import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type OwnSession, ownSessions } from '../../api/auth.ts';
import { logOut } from '../../auth-session/session.ts';
import { useKeptFocus } from '../../hooks/focus.ts';
import { useForm } from '../../hooks/form.ts';
import { LoadError, Notice, type Outcome, OutcomeNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { ChangeEmail } from './change-email.tsx';
import { ChangePassword } from './change-password.tsx';
import { countOthers, EndSessionDialog, type SessionsToEnd } from './end-session-dialog.tsx';
import { SessionTable, useLiveSessions } from './session-table.tsx';

/** The user's own sessions, password and email address. */
export function SessionsPage(): JSX.Element {
  const loaded = useLiveSessions(ownSessions, []);
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);
  const [toEnd, setToEnd] = useState<SessionsToEnd | undefined>(undefined);
  const list = useKeptFocus<HTMLElement>([loaded.value, toEnd]);
  const showOutcome = (text: string): void => {
    setOutcome({ text });
    void loaded.reload();
  };
  return (
    <Page title="My sessions">
      <OutcomeNotice outcome={outcome} />
      <section class="card" aria-labelledby="sessions-heading" ref={list} tabindex={-1}>
        <h2 id="sessions-heading">Where you are logged in</h2>
        {loaded.error && <LoadError loaded={loaded} what="The list" />}
        {loaded.value === undefined && !loaded.error && <p class="faint">Loading …</p>}
        {loaded.value && <OwnSessions sessions={loaded.value} onEnd={setToEnd} />}
      </section>
      <ChangePassword
        onStart={() => setOutcome(undefined)}
        onDone={() => showOutcome('Your password has been changed. All of your other sessions have ended.')}
      />
      <ChangeEmail
        onStart={() => setOutcome(undefined)}
        onDone={(address) =>
          setOutcome({ text: `We've emailed a link to ${address}. Open it to confirm the address.` })
        }
      />
      {toEnd && (
        <EndSessionDialog sessions={toEnd} onDone={showOutcome} onClose={() => setToEnd(undefined)} />
      )}
    </Page>
  );
}

interface OwnSessionsProps {
  sessions: readonly OwnSession[];
  onEnd: (sessions: SessionsToEnd) => void;
}

function OwnSessions({ sessions, onEnd }: OwnSessionsProps): JSX.Element {
  const form = useForm();
  const others = countOthers(sessions);
  const action = (session: OwnSession): JSX.Element =>
    session.current ? (
      <button type="button" class="quiet small" onClick={() => void form.run(logOut)}>
        Log out <span class="unseen">here</span>
      </button>
    ) : (
      <button type="button" class="danger small" onClick={() => onEnd({ one: session })}>
        End <span class="unseen">the session on {session.device}</span>
      </button>
    );
  return (
    <>
      {form.error && <Notice kind="error">You are still logged in. {form.error.message}</Notice>}
      <SessionTable caption="Your sessions" sessions={sessions} action={action} />
      {others === 0 ? (
        <p class="faint end-others">No other active sessions.</p>
      ) : (
        <button type="button" class="danger end-others" onClick={() => onEnd({ others })}>
          Sign out all other sessions ({others})
        </button>
      )}
    </>
  );
}
