import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type OwnSession, ownSessions } from '../../api/auth.ts';
import { logOut } from '../../auth-session/session.ts';
import { useKeptFocus } from '../../hooks/focus.ts';
import { useForm } from '../../hooks/form.ts';
import { LoadFault, Notice, type Outcome, OutcomeNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { ChangePassword } from './change-password.tsx';
import { EndDialog, type Ending } from './end-session-dialog.tsx';
import { countOthers, useLiveSessions } from './live-sessions.ts';
import { SessionTable } from './session-table.tsx';

/** Where am I logged in, and the way to end it. */
export function SessionsPage(): JSX.Element {
  const answer = useLiveSessions(ownSessions, []);
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);
  const [ending, setEnding] = useState<Ending | undefined>(undefined);
  const kept = useKeptFocus<HTMLElement>([answer.value, ending]);
  const tell = (text: string): void => {
    setOutcome({ text });
    void answer.reload();
  };
  return (
    <Page title="My sessions">
      <OutcomeNotice outcome={outcome} />
      <section class="card" aria-labelledby="sessions-heading" ref={kept} tabindex={-1}>
        <h2 id="sessions-heading">Where you are logged in</h2>
        {answer.fault && <LoadFault answer={answer} what="The list" />}
        {answer.value === undefined && !answer.fault && <p class="faint">Looking …</p>}
        {answer.value && <OwnSessions sessions={answer.value} onEnd={setEnding} />}
      </section>
      <ChangePassword
        onStart={() => setOutcome(undefined)}
        onDone={() => tell('Your password has been changed. All of your other sessions have ended.')}
      />
      {ending && <EndDialog ending={ending} onDone={tell} onClose={() => setEnding(undefined)} />}
    </Page>
  );
}

interface OwnSessionsProps {
  sessions: readonly OwnSession[];
  onEnd: (ending: Ending) => void;
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
      {form.fault && <Notice kind="error">You are still logged in. {form.fault.title}</Notice>}
      <SessionTable caption="Your sessions" sessions={sessions} action={action} />
      {others === 0 ? (
        <p class="faint alone">You are logged in nowhere else.</p>
      ) : (
        <button type="button" class="danger others" onClick={() => onEnd({ others })}>
          End all others ({others})
        </button>
      )}
    </>
  );
}
