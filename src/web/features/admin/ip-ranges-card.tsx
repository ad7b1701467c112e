import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { ShownUser } from '../../api/admin.ts';
import { NotDone } from '../../api/api-error.ts';
import { textOf } from '../../hooks/form.ts';
import { type Act, allowRanges } from './admin-actions.ts';
import { rangesFault, rangesOf } from './typed-text.ts';

export interface RangesCardProps {
  user: ShownUser;
  mayChange: boolean;
  onAct: (act: Act) => void;
}

/** Where the user may come from. */
export const RangesCard = ({ user, mayChange, onAct }: RangesCardProps): JSX.Element => (
  <section class="card" aria-labelledby="ranges-heading">
    <h2 id="ranges-heading">Allowed addresses</h2>
    {mayChange ? (
      <RangesForm key={user.ranges.join(' ')} user={user} onAct={onAct} />
    ) : (
      <p>{user.ranges.length === 0 ? 'From anywhere.' : <code>{user.ranges.join(', ')}</code>}</p>
    )}
  </section>
);

function RangesForm({ user, onAct }: Omit<RangesCardProps, 'mayChange'>): JSX.Element {
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const [fault, setFault] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (fault !== undefined) field.current?.focus();
  }, [fault]);
  const submit = (event: Event): void => {
    event.preventDefault();
    const ranges = rangesOf(textOf(event.target as HTMLFormElement, 'ranges'));
    setFault(undefined);
    const act = allowRanges(user, ranges);
    onAct({ ...act, run: () => act.run().catch((caught: unknown) => keepFault(caught, ranges)) });
  };
  function keepFault(caught: unknown, ranges: readonly string[]): Record<string, never> {
    if (!(caught instanceof NotDone) || caught.errors.length === 0) throw caught;
    setFault(rangesFault(caught.errors, ranges));
    return {};
  }
  return (
    <form onSubmit={submit}>
      <div class="field">
        <label for={id}>Addresses and CIDR ranges, one on each line</label>
        <textarea
          ref={field}
          id={id}
          name="ranges"
          rows={3}
          spellcheck={false}
          aria-invalid={fault === undefined ? undefined : 'true'}
          aria-describedby={fault === undefined ? `${id}-hint` : `${id}-hint ${id}-error`}
        >
          {user.ranges.join('\n')}
        </textarea>
        <p class="hint" id={`${id}-hint`}>
          Such as 203.0.113.7 or 10.0.0.0/8. When it is empty, from anywhere.
        </p>
        {fault && (
          <p class="error" id={`${id}-error`}>
            {fault}
          </p>
        )}
      </div>
      <div class="buttons">
        <button type="submit" class="quiet">
          Change the addresses
        </button>
      </div>
    </form>
  );
}
