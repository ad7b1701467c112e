import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { ResetAnswer } from '../../api/admin.ts';
import { formatSeconds } from '../../ui/format.ts';

export interface ResetLinkProps {
  reset: ResetAnswer;
  onHandedOver: () => void;
}

/** A reset token that no mail could carry, as a link. It is in this page's memory only, until it is put away. */
export function ResetLink({ reset, onHandedOver }: ResetLinkProps): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState('');
  const link = `${location.origin}/#reset=${reset.reset_token}`;
  const copy = (): void => {
    field.current?.select();
    const copied = navigator.clipboard?.writeText(link) ?? Promise.reject(new Error('no clipboard'));
    copied.then(
      () => setSaid('Copied.'),
      () => setSaid('The link is selected: copy it with the keyboard.'),
    );
  };
  return (
    <div class="notice reset-link">
      <p>
        <strong>Shown only now.</strong> Whoever has this link can choose the password, once, within{' '}
        {formatSeconds(reset.expires_in ?? 0)}. Hand it over in person, not in a chat or a ticket.
      </p>
      <div class="field">
        <label for="reset-link">Link to choose a new password</label>
        <input ref={field} id="reset-link" class="mono" readonly value={link} />
      </div>
      <div class="buttons">
        <button type="button" class="small" onClick={copy}>
          Copy the link
        </button>
        <button type="button" class="quiet small" onClick={onHandedOver}>
          Done, hide it
        </button>
        <span role="status">{said}</span>
      </div>
    </div>
  );
}
