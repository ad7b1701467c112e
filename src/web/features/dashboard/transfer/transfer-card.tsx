import type { JSX } from 'preact';
import { onSubmit } from '../../../hooks/form.ts';
import { TextField } from '../../../ui/field.tsx';
import { Notice, OutcomeNotice } from '../../../ui/notice.tsx';
import type { LiveAccount } from '../account/live-account.ts';
import { TransferDialog } from './transfer-dialog.tsx';
import { DESCRIPTION_MAX } from './transfer-order.ts';
import { type Transfer, useTransfer } from './use-transfer.ts';

/** Transfers money: a form, a confirmation of the exact order, and the result. */
export function TransferCard({ live }: { live: LiveAccount }): JSX.Element {
  const transfer = useTransfer(live);
  const { pending } = transfer;
  return (
    <section class="card transfer-card" aria-labelledby="transfer-heading">
      <header class="card-head">
        <h2 id="transfer-heading">Transfer money</h2>
      </header>
      <OutcomeNotice outcome={transfer.outcome} />
      {transfer.error && <Notice kind="error">Nothing was sent. {transfer.error}</Notice>}
      <TransferForm transfer={transfer} currency={live.account.currency} />
      {pending && <TransferDialog account={live.account} attempt={pending} transfer={transfer} />}
    </section>
  );
}

function TransferForm({ transfer, currency }: { transfer: Transfer; currency: string }): JSX.Element {
  const { form, errors, format } = transfer;
  return (
    <form ref={form} onSubmit={onSubmit(transfer.review)} novalidate>
      <TextField
        label="To account number"
        name="to"
        autocomplete="off"
        required
        error={errors.to}
        hint="Ask the payee for their account number. It's at the top of their dashboard."
      />
      <TextField
        label={`Amount in ${currency}`}
        name="amountMinor"
        autocomplete="off"
        inputmode="decimal"
        maxlength={32}
        required
        error={errors.amountMinor}
        hint={`For example, ${format.example}`}
      />
      <TextField
        label="Description"
        name="description"
        autocomplete="off"
        maxlength={DESCRIPTION_MAX}
        required
        error={errors.description}
      />
      <button type="submit">Continue</button>
    </form>
  );
}
