import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Role } from '../../../identity/roles.ts';
import type { ResetResult, User } from '../../api/admin.ts';
import { fieldText, onSubmit } from '../../hooks/form.ts';
import { SelectField } from '../../ui/field.tsx';
import {
  type AdminAction,
  assignRole,
  block,
  endAllSessions,
  resetUserPassword,
  unblock,
} from './admin-actions.ts';
import { ResetLink } from './reset-link.tsx';
import { ROLES } from './role-rules.ts';

export interface UserActionsCardProps {
  user: User;
  /** Why the operator cannot manage the user, if so. */
  whyNot: string | undefined;
  canChangeRole: boolean;
  /** The latest password reset, until its link has been hidden. */
  reset: ResetResult | undefined;
  onAction: (action: AdminAction) => void;
  onHideReset: () => void;
}

/** What the operator can do to the user. */
export function UserActionsCard(props: UserActionsCardProps): JSX.Element {
  const { user, whyNot, canChangeRole, reset, onAction, onHideReset } = props;
  return (
    <section class="card" aria-labelledby="actions-heading">
      <h2 id="actions-heading">Access</h2>
      {reset?.reset_token !== undefined && <ResetLink reset={reset} onHide={onHideReset} />}
      {whyNot !== undefined ? (
        <p class="faint">{whyNot}</p>
      ) : (
        <>
          <ActionButtons user={user} onAction={onAction} />
          {canChangeRole && <RoleForm key={user.role} user={user} onAction={onAction} />}
        </>
      )}
    </section>
  );
}

type ActionProps = Pick<UserActionsCardProps, 'user' | 'onAction'>;

function ActionButtons({ user, onAction }: ActionProps): JSX.Element {
  const isActive = user.status === 'active';
  return (
    <div class="buttons">
      <button
        type="button"
        class={isActive ? 'danger' : undefined}
        onClick={() => onAction(isActive ? block(user) : unblock(user))}
      >
        {isActive ? 'Block' : 'Unblock'}
      </button>
      {isActive && (
        <button type="button" class="danger" onClick={() => onAction(endAllSessions(user))}>
          End all sessions
        </button>
      )}
      <button type="button" class="danger" onClick={() => onAction(resetUserPassword(user))}>
        Reset password
      </button>
    </div>
  );
}

function RoleForm({ user, onAction }: ActionProps): JSX.Element {
  const [error, setError] = useState<string | undefined>(undefined);
  const submit = onSubmit((target) => {
    const role = fieldText(target, 'role') as Role;
    const isNew = role !== user.role;
    setError(isNew ? undefined : 'The user already has this role.');
    if (isNew) onAction(assignRole(user, role));
  });
  return (
    <form class="role" onSubmit={submit}>
      <SelectField
        label="Role"
        name="role"
        options={ROLES.map((role) => [role, role])}
        selected={user.role}
        error={error}
      />
      <button type="submit" class="quiet">
        Change role
      </button>
    </form>
  );
}
