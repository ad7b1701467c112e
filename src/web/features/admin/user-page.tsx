import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { findUser, type ResetAnswer, type ShownUser } from '../../api/admin.ts';
import type { Who } from '../../api/auth.ts';
import { type Answer, useAnswer } from '../../hooks/load.ts';
import { may } from '../../shell.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { LoadFault, type Outcome, OutcomeNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { type Act, nameOf } from './admin-actions.ts';
import { RangesCard } from './ip-ranges-card.tsx';
import { whyNot } from './role-rules.ts';
import { UserActs } from './user-actions-card.tsx';
import { UserAudit, UserFacts, UserSessions } from './user-cards.tsx';

/** One user: who they are, what can be done to them, where they are logged in, and what has been recorded. */
export function UserPage({ id, who }: { id: string; who: Who }): JSX.Element {
  const answer = useAnswer(() => findUser(id), [id]);
  const { value: user } = answer;
  const acting = useActing(answer);
  return (
    <Page title={user === undefined ? 'User' : nameOf(user)} tabTitle="User">
      <OutcomeNotice outcome={acting.outcome} />
      {answer.fault && <LoadFault answer={answer} what="The user" />}
      {user === undefined && !answer.fault && <p class="faint">Looking …</p>}
      {user && <Cards user={user} who={who} acting={acting} />}
      {acting.act && (
        <Confirm {...acting.act} act={acting.confirm} onClose={() => acting.ask(undefined)}>
          <p>{acting.act.text}</p>
        </Confirm>
      )}
    </Page>
  );
}

interface Acting {
  /** What is being asked for confirmation. */
  act: Act | undefined;
  ask(act: Act | undefined): void;
  /** Does it. @throws {NotDone} */
  confirm(): Promise<void>;
  outcome: Outcome | undefined;
  /** The newest password reset, as long as its link is to be seen. */
  reset: ResetAnswer | undefined;
  hideReset(): void;
  /** How many acts have been done. */
  version: number;
}

/** Acts are confirmed one at a time; each changes the user as the server answers. */
function useActing(answer: Answer<ShownUser>): Acting {
  const [act, ask] = useState<Act | undefined>(undefined);
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);
  const [reset, setReset] = useState<ResetAnswer | undefined>(undefined);
  const [version, setVersion] = useState(0);
  async function confirm(): Promise<void> {
    const done = await act?.run();
    if (done?.said === undefined) return;
    const { said, user } = done;
    if (user !== undefined) answer.put(() => user);
    setReset(done.reset);
    setOutcome({ text: said });
    setVersion((before) => before + 1);
  }
  return { act, ask, confirm, outcome, reset, hideReset: () => setReset(undefined), version };
}

function Cards({ user, who, acting }: { user: ShownUser; who: Who; acting: Acting }): JSX.Element {
  const why = whyNot({ id: who.sub, role: who.role }, user);
  const mayAct = why === undefined;
  const { version, ask } = acting;
  return (
    <div class="user">
      <div class="column">
        <UserFacts user={user} />
        <UserActs
          user={user}
          why={why}
          mayGiveRoles={may(who, 'roles:manage')}
          reset={acting.reset}
          onAct={ask}
          onHandedOver={acting.hideReset}
        />
        <RangesCard user={user} mayChange={mayAct} onAct={ask} />
      </div>
      <div class="column">
        {may(who, 'sessions:manage') && (
          <UserSessions user={user} mayEnd={mayAct} version={version} onAct={ask} />
        )}
        {may(who, 'audit:read') && <UserAudit id={user.id} version={version} />}
      </div>
    </div>
  );
}
