import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { ResetResult } from '../../api/admin.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { formatSeconds } from '../../ui/format.ts';

export interface ResetLinkProps {
  reset: ResetResult;
  onHide: () => void;
}

/** A reset link that could not be sent by email. It is kept only in this page's memory. */
export function ResetLink({ reset, onHide }: ResetLinkProps): JSX.Element {
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
