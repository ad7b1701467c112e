import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { findUser, type ResetResult, type User } from '../../api/admin.ts';
import { type CurrentUser, hasScope } from '../../api/auth.ts';
import { type Loaded, useLoad } from '../../hooks/load.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { LoadError, type Outcome, OutcomeNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { type AdminAction, fullName } from './admin-actions.ts';
import { IpRangesCard } from './ip-ranges-card.tsx';
import { whyNotManageable } from './role-rules.ts';
import { UserActionsCard } from './user-actions-card.tsx';
import { UserAuditCard, UserDetailsCard, UserSessionsCard } from './user-cards.tsx';

/** One user, with the actions that the operator's role allows. */
export function UserPage({ id, currentUser }: { id: string; currentUser: CurrentUser }): JSX.Element {
  const loaded = useLoad(() => findUser(id), [id]);
  const { value: user } = loaded;
  const actions = useUserActions(loaded);
  const { pending } = actions;
  return (
    <Page title={user === undefined ? 'User' : fullName(user)} tabTitle="User">
      <OutcomeNotice outcome={actions.outcome} />
      {loaded.error && <LoadError loaded={loaded} what="The user" />}
      {user === undefined && !loaded.error && <p class="faint">Loading …</p>}
      {user && <Cards user={user} currentUser={currentUser} actions={actions} />}
      {pending && (
        <ConfirmDialog {...pending} action={actions.confirm} onClose={() => actions.ask(undefined)}>
          <p>{pending.text}</p>
        </ConfirmDialog>
      )}
    </Page>
  );
}

interface UserActions {
  /** The action to be confirmed. */
  pending: AdminAction | undefined;
  ask(action: AdminAction | undefined): void;
  /** Runs the pending action. @throws {ApiError} */
  confirm(): Promise<void>;
  outcome: Outcome | undefined;
  /** The latest password reset, until its link has been hidden. */
  reset: ResetResult | undefined;
  hideReset(): void;
  /** The number of actions so far. */
  version: number;
}

/** Actions are confirmed one at a time. The user is updated from each response. */
function useUserActions(loaded: Loaded<User>): UserActions {
  const [pending, ask] = useState<AdminAction | undefined>(undefined);
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);
  const [reset, setReset] = useState<ResetResult | undefined>(undefined);
  const [version, setVersion] = useState(0);
  async function confirm(): Promise<void> {
    const { message, user, reset } = (await pending?.run()) ?? {};
    if (message === undefined) return;
    if (user !== undefined) loaded.update(() => user);
    setReset(reset);
    setOutcome({ text: message });
    setVersion((before) => before + 1);
  }
  return { pending, ask, confirm, outcome, reset, hideReset: () => setReset(undefined), version };
}

interface CardsProps {
  user: User;
  currentUser: CurrentUser;
  actions: UserActions;
}

function Cards({ user, currentUser, actions }: CardsProps): JSX.Element {
  const whyNot = whyNotManageable({ id: currentUser.sub, role: currentUser.role }, user);
  const canManage = whyNot === undefined;
  const { version, ask } = actions;
  return (
    <div class="user-page">
      <div class="column">
        <UserDetailsCard user={user} />
        <UserActionsCard
          user={user}
          whyNot={whyNot}
          canChangeRole={hasScope(currentUser, 'roles:manage')}
          reset={actions.reset}
          onAction={ask}
          onHideReset={actions.hideReset}
        />
        <IpRangesCard user={user} canChange={canManage} onAction={ask} />
      </div>
      <div class="column">
        {hasScope(currentUser, 'sessions:manage') && (
          <UserSessionsCard user={user} canEnd={canManage} version={version} onAction={ask} />
        )}
        {hasScope(currentUser, 'audit:read') && <UserAuditCard id={user.id} version={version} />}
      </div>
    </div>
  );
}
