import type { JSX } from 'preact';
import { useForm } from '../hooks/form.ts';
import { useStore } from '../hooks/store.ts';
import { Dialog } from '../ui/dialog.tsx';
import { formatSeconds } from '../ui/format.ts';
import { logOut, recheck } from './session.ts';
import { idleWarning } from './user-activity.ts';

/** One minute before the idle timeout: what is about to happen, and a way to stay. */
export function IdleWarning(): JSX.Element | null {
  const warning = useStore(idleWarning);
  const form = useForm();
  if (warning === undefined) return null;
  const stay = (): void => void form.run(async () => void (await recheck(true)));
  const left = formatSeconds(warning.secondsLeft);
  return (
    <Dialog title="Are you still there?" onCancel={stay}>
      <p>
        {warning.canStay
          ? 'Nothing has happened here for a while. You will be logged out in '
          : 'Your session reaches its longest time. You will be logged out in '}
        <strong>{left}</strong>.
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
