import { useId } from 'hono/jsx/dom';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import type { Account } from '../../api/bank.ts';

export interface AccountChoiceProps {
  accounts: readonly Account[];
  chosen: Account;
  onChoose: (id: string) => void;
}

/** Which of several accounts is shown. */
export function AccountChoice({ accounts, chosen, onChoose }: AccountChoiceProps): JSX.Element {
  const id = useId();
  return (
    <div class="account-choice">
      <label for={id}>Account</label>
      <select
        id={id}
        value={chosen.id}
        onInput={({ target }) => onChoose((target as HTMLSelectElement).value)}
      >
        {accounts.map((account) => (
          <option key={account.id} value={account.id}>
            {account.currency} · {account.id}
          </option>
        ))}
      </select>
    </div>
  );
}
