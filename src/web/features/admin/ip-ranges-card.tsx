import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { User } from '../../api/admin.ts';
import { ApiError } from '../../api/api-error.ts';
import { focusFirstError } from '../../hooks/focus.ts';
import { fieldText, onSubmit } from '../../hooks/form.ts';
import { TextAreaField } from '../../ui/field.tsx';
import { type ActionResult, type AdminAction, allowRanges } from './admin-actions.ts';
import { parseRanges, rangesError } from './typed-text.ts';

interface IpRangesCardProps {
  user: User;
  canChange: boolean;
  onAction: (action: AdminAction) => void;
}

/** The addresses from which the user can log in and send requests. */
export const IpRangesCard = ({ user, canChange, onAction }: IpRangesCardProps): JSX.Element => (
  <section class="card" aria-labelledby="ranges-heading">
    <h2 id="ranges-heading">Allowed addresses</h2>
    {canChange ? (
      <IpRangesForm key={user.ranges.join(' ')} user={user} onAction={onAction} />
    ) : (
      <p>{user.ranges.length === 0 ? 'Any address' : <code>{user.ranges.join(', ')}</code>}</p>
    )}
  </section>
);

function IpRangesForm({ user, onAction }: Omit<IpRangesCardProps, 'canChange'>): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  const [error, setError] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (error !== undefined && form.current !== null) focusFirstError(form.current);
  }, [error]);
  const submit = onSubmit((target) => {
    const ranges = parseRanges(fieldText(target, 'ranges'));
    const action = allowRanges(user, ranges);
    setError(undefined);
    onAction({ ...action, run: () => action.run().catch((caught: unknown) => showError(caught, ranges)) });
  });
  function showError(caught: unknown, ranges: readonly string[]): ActionResult {
    if (!(caught instanceof ApiError) || caught.errors.length === 0) throw caught;
    setError(rangesError(caught.errors, ranges));
    return {};
  }
  return (
    <form ref={form} onSubmit={submit}>
      <TextAreaField
        label="Addresses and CIDR ranges, one per line"
        name="ranges"
        value={user.ranges.join('\n')}
        hint="For example 203.0.113.7 or 10.0.0.0/8. Leave empty to allow any address."
        error={error}
      />
      <div class="buttons">
        <button type="submit" class="quiet">
          Save addresses
        </button>
      </div>
    </form>
  );
}
