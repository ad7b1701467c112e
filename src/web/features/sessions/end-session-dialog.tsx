import type { JSX } from 'preact';
import { ApiError } from '../../api/api-error.ts';
import { endOtherSessions, endOwnSession, type OwnSession } from '../../api/auth.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { formatDateTime } from '../../ui/format.ts';

/** What the user wants to end: one session, or all others, with their number. */
export type SessionsToEnd = { one: OwnSession } | { others: number };

interface EndSessionDialogProps {
  sessions: SessionsToEnd;
  /** With the text to show. */
  onDone: (text: string) => void;
  onClose: () => void;
}

export const EndSessionDialog = ({ sessions, onDone, onClose }: EndSessionDialogProps): JSX.Element =>
  'one' in sessions ? (
    <ConfirmDialog
      title="End this session?"
      label="End session"
      action={async () => onDone(await endSession(sessions.one))}
      onClose={onClose}
    >
      <p>
        This will sign out <strong>{sessions.one.device}</strong> ({sessions.one.address}), signed in since{' '}
        {formatDateTime(sessions.one.created_at)}.
      </p>
    </ConfirmDialog>
  ) : (
    <ConfirmDialog
      title={`Sign out ${otherSessions(sessions.others)}?`}
      label="Sign out all"
      action={async () => onDone(endedText((await endOtherSessions()).ended))}
      onClose={onClose}
    >
      <p>This will sign you out on all other devices. This session is not affected.</p>
    </ConfirmDialog>
  );

export const countOthers = (sessions: readonly OwnSession[]): number =>
  sessions.filter(({ current }) => !current).length;

/** `1 other session`, `3 other sessions`. */
export const otherSessions = (count: number): string =>
  `${count} other ${count === 1 ? 'session' : 'sessions'}`;

const endedText = (count: number): string =>
  count === 0 ? 'There were no other sessions.' : `${otherSessions(count)} ended.`;

/** A session that has ended in the meantime is not an error. Returns the text to show. */
async function endSession({ session_id, device }: OwnSession): Promise<string> {
  try {
    await endOwnSession(session_id);
    return `The session on ${device} has been ended.`;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'session_unknown')
      return `The session on ${device} had already ended.`;
    throw error;
  }
}
