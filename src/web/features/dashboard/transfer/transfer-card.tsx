import type { JSX } from 'preact';
import { Field } from '../../../ui/field.tsx';
import { Notice, OutcomeNotice } from '../../../ui/notice.tsx';
import type { LiveAccount } from '../account/live-account.ts';
import { TransferDialog } from './transfer-dialog.tsx';
import { DESCRIPTION_MOST } from './transfer-order.ts';
import { type Transfer, useTransfer } from './use-transfer.ts';

/** Moves money: a form, a confirmation of exactly what it says, and what has become of it. */
export function TransferCard({ live }: { live: LiveAccount }): JSX.Element {
  const transfer = useTransfer(live);
  const { asking } = transfer;
  return (
    <section class="card transfer-card" aria-labelledby="transfer-heading">
      <header class="card-head">
        <h2 id="transfer-heading">Transfer money</h2>
      </header>
      <OutcomeNotice outcome={transfer.outcome} />
      {transfer.refusal && <Notice kind="error">Nothing was sent. {transfer.refusal}</Notice>}
      <TransferForm transfer={transfer} currency={live.account.currency} />
      {asking && <TransferDialog account={live.account} attempt={asking} transfer={transfer} />}
    </section>
  );
}

function TransferForm({ transfer, currency }: { transfer: Transfer; currency: string }): JSX.Element {
  const { form, faults, terms } = transfer;
  const submit = (event: Event): void => {
    event.preventDefault();
    transfer.review();
  };
  return (
    <form ref={form} onSubmit={submit} novalidate>
      <Field
        label="To account number"
        name="to"
        autocomplete="off"
        required
        error={faults.to}
        hint="Whoever gets the money finds it on their dashboard."
      />
      <Field
        label={`Amount in ${currency}`}
        name="amountMinor"
        autocomplete="off"
        inputmode="decimal"
        maxlength={32}
        required
        error={faults.amountMinor}
        hint={`Such as ${terms.example}.`}
      />
      <Field
        label="Description"
        name="description"
        autocomplete="off"
        maxlength={DESCRIPTION_MOST}
        required
        error={faults.description}
      />
      <button type="submit">Continue</button>
    </form>
  );
}
