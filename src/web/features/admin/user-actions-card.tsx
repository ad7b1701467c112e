import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Role } from '../../../users/roles.ts';
import type { ResetResult, User } from '../../api/admin.ts';
import { fieldText, onSubmit } from '../../hooks/form.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { SelectField } from '../../ui/field.tsx';
import { formatSeconds } from '../../ui/format.ts';
import {
  type AdminAction,
  assignRole,
  block,
  endAllSessions,
  resetUserPassword,
  unblock,
} from './admin-actions.ts';
import { ROLES } from './role-rules.ts';

interface UserActionsCardProps {
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

/** A reset link that could not be sent by email. It is kept only in this page's memory. */
function ResetLink({ reset, onHide }: { reset: ResetResult; onHide: () => void }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const link = `${location.origin}/#reset=${reset.reset_token}`;
  return (
    <div class="notice reset-link">
      <p>
        <strong>Shown only once.</strong> Anyone with this link can choose the password, once, within{' '}
        {formatSeconds(reset.expires_in ?? 0)}. Hand it over in person, not in a chat or a ticket.
      </p>
      <div class="field">
        <label for="reset-link">Link to choose a new password</label>
        <input ref={field} id="reset-link" class="mono" readonly value={link} />
      </div>
      <div class="buttons">
        <CopyButton text={link} what="link" field={field} />
        <button type="button" class="quiet small" onClick={onHide}>
          Hide link
        </button>
      </div>
    </div>
  );
}
