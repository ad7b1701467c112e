import type { JSX } from 'preact';
import { NotDone } from '../../api/api-error.ts';
import { endOtherSessions, endOwnSession, type OwnSession } from '../../api/auth.ts';
import { Confirm } from '../../ui/dialog.tsx';
import { formatDateTime } from '../../ui/format.ts';
import { otherSessions } from './live-sessions.ts';

/** What somebody has asked to end: one session, or so many others. */
export type Ending = { one: OwnSession } | { others: number };

export interface EndDialogProps {
  ending: Ending;
  /** With what to say. */
  onDone: (text: string) => void;
  onClose: () => void;
}

export function EndDialog({ ending, onDone, onClose }: EndDialogProps): JSX.Element {
  if ('others' in ending) {
    const act = async (): Promise<void> => onDone(endedText((await endOtherSessions()).ended));
    return (
      <Confirm
        title={`End ${otherSessions(ending.others)}?`}
        label="End all others"
        act={act}
        onClose={onClose}
      >
        <p>You are logged out everywhere but here, at once. This session goes on.</p>
      </Confirm>
    );
  }
  const { one } = ending;
  const act = async (): Promise<void> => onDone(await endOne(one));
  return (
    <Confirm title="End this session?" label="End session" act={act} onClose={onClose}>
      <p>
        <strong>{one.device}</strong>, at {one.address}, logged in since {formatDateTime(one.created_at)}, is
        logged out at once.
      </p>
    </Confirm>
  );
}

const endedText = (count: number): string =>
  count === 0 ? 'There was no other session any more.' : `${otherSessions(count)} ended.`;

/** A session that is over already, such as one that has idled away since, is no failure. */
async function endOne({ session_id, device }: OwnSession): Promise<string> {
  try {
    await endOwnSession(session_id);
    return `The session on ${device} has been ended.`;
  } catch (fault) {
    if (fault instanceof NotDone && fault.code === 'session_unknown')
      return `The session on ${device} was over already.`;
    throw fault;
  }
}
