import type { Role } from '../../../users/roles.ts';
import {
  blockUser,
  changeRanges,
  changeRole,
  endUserSession,
  logOutUser,
  type ResetResult,
  resetPassword,
  type User,
  type UserSession,
  unblockUser,
} from '../../api/admin.ts';

export interface ActionResult {
  /** The text to show; none if the action failed and the error is shown elsewhere. */
  message?: string;
  /** The user after the action. */
  user?: User;
  reset?: ResetResult;
}

/** What an operator can do to a user, after a confirmation. */
export interface AdminAction {
  /** The question. */
  title: string;
  /** What will happen. */
  text: string;
  /** Of the button that confirms. */
  label: string;
  isHarmless?: boolean;
  /** @throws {ApiError} */
  run(): Promise<ActionResult>;
}

/** Both names of a user, since a display name can be anything. */
export const fullName = ({ display_name, username }: Pick<User, 'display_name' | 'username'>): string =>
  `${display_name} (${username})`;

export const block = (user: User): AdminAction => ({
  title: `Block ${fullName(user)}?`,
  text: 'They are logged out on all devices at once, and cannot log in until they are unblocked.',
  label: 'Block',
  run: async () => ({ user: await blockUser(user.id), message: `${fullName(user)} has been blocked.` }),
});

export const unblock = (user: User): AdminAction => ({
  title: `Unblock ${fullName(user)}?`,
  text: 'They can log in again. Ended sessions are not restored.',
  label: 'Unblock',
  isHarmless: true,
  run: async () => ({ user: await unblockUser(user.id), message: `${fullName(user)} can log in again.` }),
});

export const endAllSessions = (user: User): AdminAction => ({
  title: `End all sessions of ${fullName(user)}?`,
  text: 'They are logged out on all devices at once. They can log in again.',
  label: 'End all sessions',
  run: async () => ({
    user: await logOutUser(user.id),
    message: `All sessions of ${fullName(user)} have ended.`,
  }),
});

export const endSession = (user: User, { session_id, device, address }: UserSession): AdminAction => ({
  title: `End this session of ${fullName(user)}?`,
  text: `This will sign out ${device} (${address}).`,
  label: 'End session',
  run: async () => {
    await endUserSession(user.id, session_id);
    return { message: `The session of ${fullName(user)} on ${device} has been ended.` };
  },
});

export const assignRole = (user: User, role: Role): AdminAction => ({
  title: `Change the role of ${fullName(user)} to ${role}?`,
  text:
    user.role === 'user'
      ? 'They become staff. All of their sessions end, and they have to log in again.'
      : `Their role is ${user.role} now. The new role applies from their next request on; their sessions continue.`,
  label: 'Change role',
  run: async () => ({
    user: await changeRole(user.id, role),
    message: `The role of ${fullName(user)} is now ${role}.`,
  }),
});

export const allowRanges = (user: User, ranges: readonly string[]): AdminAction => ({
  title: `Change the allowed addresses of ${fullName(user)}?`,
  text:
    ranges.length === 0
      ? 'They can log in from any address.'
      : `From their next request on, only these addresses are allowed: ${ranges.join(', ')}.`,
  label: 'Save addresses',
  run: async () => ({
    user: await changeRanges(user.id, ranges),
    message: `The allowed addresses of ${fullName(user)} have been changed.`,
  }),
});

export const resetUserPassword = (user: User): AdminAction => ({
  title: `Reset the password of ${fullName(user)}?`,
  text: `Their current password will stop working and all sessions will be ended. ${deliveryText(user)}`,
  label: 'Reset password',
  run: async () => {
    const reset = await resetPassword(user.id);
    return {
      reset,
      message: `The password of ${fullName(user)} has been reset. ${DELIVERED[reset.delivery]}`,
    };
  },
});

function deliveryText({ status, email }: User): string {
  if (status === 'blocked') return 'They are blocked, so they get no reset link.';
  if (email === null)
    return 'They have no confirmed email address. In production the reset is refused; otherwise the link is shown here, once.';
  return `A reset link is sent to ${email}.`;
}

const DELIVERED: Record<ResetResult['delivery'], string> = {
  mail: 'A reset link is on its way by email.',
  answer: 'The reset link is below. It cannot be shown again.',
  none: 'They are blocked, so no reset link has been created.',
};
