import type { JSX } from 'preact';
import { useForm } from '../hooks/form.ts';
import { useStore } from '../hooks/store.ts';
import { Dialog } from '../ui/dialog.tsx';
import { formatSeconds } from '../ui/format.ts';
import { logOut, recheck } from './session.ts';
import { idleWarning } from './user-activity.ts';

/** Shown shortly before the session ends, with a way to stay logged in. */
export function IdleWarning(): JSX.Element | null {
  const warning = useStore(idleWarning);
  const form = useForm();
  if (warning === undefined) return null;
  const stay = (): void => void form.run(async () => void (await recheck(true)));
  return (
    <Dialog title="Are you still there?" onCancel={stay}>
      <p>
        {warning.canStay ? "You've been inactive for a while." : 'Your session is about to expire.'} You will
        be logged out in <strong>{formatSeconds(warning.secondsLeft)}</strong>.
      </p>
      <div class="buttons">
        {warning.canStay && (
          <button type="button" onClick={stay}>
            Stay logged in
          </button>
        )}
        <button type="button" class="quiet" onClick={() => void form.run(logOut)}>
          Log out
        </button>
      </div>
    </Dialog>
  );
}
