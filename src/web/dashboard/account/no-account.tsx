import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import type { Who } from '../../api/auth.ts';
import { hrefOf } from '../../place.ts';
import { may } from '../../shell/shell.tsx';

/** Whoever works at the bank needn't be its customer: where to go instead. */
export const NoAccount = ({ who }: { who: Who }): JSX.Element => (
  <section class="card no-account" aria-labelledby="no-account-heading">
    <h2 id="no-account-heading">You have no account here</h2>
    <p>Balances and transfers are for the bank’s customers. What you can do:</p>
    <ul>
      {may(who, 'accounts:read-any') && <li>look at a customer’s account by its number, below</li>}
      {may(who, 'users:manage') && (
        <li>
          see and manage <a href={hrefOf({ page: 'users' })}>the users</a> and where they are logged in
        </li>
      )}
      {may(who, 'audit:read') && (
        <li>
          read <a href={hrefOf({ page: 'audit' })}>the audit trail</a>
        </li>
      )}
      <li>
        see where <a href={hrefOf({ page: 'sessions' })}>you are logged in</a>
      </li>
    </ul>
  </section>
);
