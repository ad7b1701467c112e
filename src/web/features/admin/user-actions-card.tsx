import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Role } from '../../../identity/roles.ts';
import type { ResetAnswer, ShownUser } from '../../api/admin.ts';
import { textOf } from '../../hooks/form.ts';
import { SelectField } from '../../ui/field.tsx';
import { type Act, block, giveRole, logOutEverywhere, resetTheirPassword, unblock } from './admin-actions.ts';
import { ResetLink } from './reset-link.tsx';
import { ROLES } from './role-rules.ts';

export interface UserActsProps {
  user: ShownUser;
  /** Why nothing can be done, if so. */
  why: string | undefined;
  mayGiveRoles: boolean;
  /** The token of a password reset that has to be handed over. */
  reset: ResetAnswer | undefined;
  onAct: (act: Act) => void;
  onHandedOver: () => void;
}

/** What staff can do to a user. What they may not isn't there. */
export function UserActs({
  user,
  why,
  mayGiveRoles,
  reset,
  onAct,
  onHandedOver,
}: UserActsProps): JSX.Element {
  return (
    <section class="card" aria-labelledby="acts-heading">
      <h2 id="acts-heading">Access</h2>
      {reset?.reset_token !== undefined && <ResetLink reset={reset} onHandedOver={onHandedOver} />}
      {why !== undefined ? (
        <p class="faint">{why}</p>
      ) : (
        <>
          <ActButtons user={user} onAct={onAct} />
          {mayGiveRoles && <RoleForm key={user.role} user={user} onAct={onAct} />}
        </>
      )}
    </section>
  );
}

type ActingProps = Pick<UserActsProps, 'user' | 'onAct'>;

function ActButtons({ user, onAct }: ActingProps): JSX.Element {
  const isActive = user.status === 'active';
  return (
    <div class="buttons">
      <button
        type="button"
        class={isActive ? 'danger' : undefined}
        onClick={() => onAct(isActive ? block(user) : unblock(user))}
      >
        {isActive ? 'Block' : 'Unblock'}
      </button>
      {isActive && (
        <button type="button" class="danger" onClick={() => onAct(logOutEverywhere(user))}>
          End all sessions
        </button>
      )}
      <button type="button" class="danger" onClick={() => onAct(resetTheirPassword(user))}>
        Reset the password
      </button>
    </div>
  );
}

function RoleForm({ user, onAct }: ActingProps): JSX.Element {
  const [fault, setFault] = useState<string | undefined>(undefined);
  const submit = (event: Event): void => {
    event.preventDefault();
    const role = textOf(event.target as HTMLFormElement, 'role') as Role;
    const isNew = role !== user.role;
    setFault(isNew ? undefined : 'This is the role already.');
    if (isNew) onAct(giveRole(user, role));
  };
  return (
    <form class="role" onSubmit={submit}>
      <SelectField
        label="Role"
        name="role"
        options={ROLES.map((role) => [role, role])}
        selected={user.role}
        error={fault}
      />
      <button type="submit" class="quiet">
        Give the role
      </button>
    </form>
  );
}
