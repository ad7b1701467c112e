import type { Role } from '../../../identity/roles.ts';
import {
  blockUser,
  changeRanges,
  changeRole,
  endUserSession,
  logOutUser,
  type ResetAnswer,
  resetPassword,
  type ShownUser,
  type UserSession,
  unblockUser,
} from '../../api/admin.ts';

/** What came of an act. */
export interface Done {
  /** What to say; nothing when it was not done after all, and is told elsewhere. */
  said?: string;
  /** The user as they are now. */
  user?: ShownUser;
  reset?: ResetAnswer;
}

/** What staff are about to do to a user. */
export interface Act {
  /** The question. */
  title: string;
  /** What will happen. */
  text: string;
  /** What the button says. */
  label: string;
  isHarmless?: boolean;
  /** @throws {NotDone} */
  run(): Promise<Done>;
}

export const block = (user: ShownUser): Act => ({
  title: `Block ${nameOf(user)}?`,
  text: 'They are logged out everywhere at once, and can not log in until somebody unblocks them.',
  label: 'Block',
  run: async () => ({ user: await blockUser(user.id), said: `${nameOf(user)} has been blocked.` }),
});

export const unblock = (user: ShownUser): Act => ({
  title: `Unblock ${nameOf(user)}?`,
  text: 'They can log in again. Their sessions from before stay over.',
  label: 'Unblock',
  isHarmless: true,
  run: async () => ({ user: await unblockUser(user.id), said: `${nameOf(user)} can log in again.` }),
});

export const logOutEverywhere = (user: ShownUser): Act => ({
  title: `End all sessions of ${nameOf(user)}?`,
  text: 'They are logged out everywhere at once. They may log in again.',
  label: 'End all sessions',
  run: async () => ({ user: await logOutUser(user.id), said: `All sessions of ${nameOf(user)} have ended.` }),
});

export const endSession = (user: ShownUser, { session_id, device, address }: UserSession): Act => ({
  title: `End this session of ${nameOf(user)}?`,
  text: `${device}, at ${address}, is logged out at once.`,
  label: 'End session',
  run: async () => {
    await endUserSession(user.id, session_id);
    return { said: `The session of ${nameOf(user)} on ${device} has been ended.` };
  },
});

export const giveRole = (user: ShownUser, role: Role): Act => ({
  title: `Give ${nameOf(user)} the role ${role}?`,
  text:
    user.role === 'user'
      ? 'They become staff: all of their sessions end, and they log in again.'
      : `They are ${user.role} now. The new role holds from their next request on; their sessions go on.`,
  label: 'Give the role',
  run: async () => ({
    user: await changeRole(user.id, role),
    said: `${nameOf(user)} has the role ${role} now.`,
  }),
});

export const allowRanges = (user: ShownUser, ranges: readonly string[]): Act => ({
  title: `Change where ${nameOf(user)} may come from?`,
  text:
    ranges.length === 0
      ? 'They may come from any address.'
      : `They may come from ${ranges.join(', ')} and from nowhere else, from their next request on.`,
  label: 'Change it',
  run: async () => ({
    user: await changeRanges(user.id, ranges),
    said: `Where ${nameOf(user)} may come from has been changed.`,
  }),
});

export const resetTheirPassword = (user: ShownUser): Act => ({
  title: `Reset the password of ${nameOf(user)}?`,
  text: `The password that they have opens nothing any more, and all of their sessions end. ${wayOf(user)}`,
  label: 'Reset the password',
  run: async () => {
    const reset = await resetPassword(user.id);
    return {
      reset,
      said: `The old password of ${nameOf(user)} opens nothing any more. ${SENT[reset.delivery]}`,
    };
  },
});

function wayOf({ status, email }: ShownUser): string {
  if (status === 'blocked') return 'As they are blocked, they get no link to choose a new one.';
  if (email === null) return 'They have no e-mail address: a link to choose a new one is shown here, once.';
  return `A link to choose a new one goes to ${email}.`;
}

const SENT: Record<ResetAnswer['delivery'], string> = {
  mail: 'A link to choose a new one is on its way by mail.',
  answer: 'The link to choose a new one is below: it can not be shown again.',
  none: 'As they are blocked, no link to choose a new one has been made.',
};

/** A user as an act names them: by both names, since the display name can be anything. */
export const nameOf = ({ display_name, username }: Pick<ShownUser, 'display_name' | 'username'>): string =>
  `${display_name} (${username})`;
