import type { JSX } from 'preact';
import { NotDone } from '../../../api/api-error.ts';
import { type Account, transferMoney } from '../../../api/bank.ts';
import { useForm } from '../../../hooks/form.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { formatMoney } from '../../../ui/format.ts';
import { Notice } from '../../../ui/notice.tsx';
import type { Attempt } from './transfer-order.ts';
import type { Transfer } from './use-transfer.ts';

export interface TransferDialogProps {
  account: Account;
  attempt: Attempt;
  transfer: Transfer;
}

/**
 * Shows exactly what will be sent and sends it. Without an answer it stays, to send the very same again: the
 * bank makes it once. The focus begins at the way back.
 */
export function TransferDialog({ account, attempt, transfer }: TransferDialogProps): JSX.Element {
  const form = useForm();
  const { order, idempotencyKey } = attempt;
  const amount = formatMoney(order.amountMinor, account.currency);
  const cancel = (): void => {
    if (!form.isBusy) transfer.cancel();
  };
  async function send(): Promise<void> {
    try {
      transfer.finish(await transferMoney(account.id, order, idempotencyKey));
    } catch (fault) {
      if (fault instanceof NotDone && !fault.isOutage) return transfer.refuse(fault);
      transfer.markUncertain();
      throw fault;
    }
  }
  return (
    <Dialog title={`Send ${amount}?`} onCancel={cancel}>
      <dl class="order">
        <Line name="Amount" value={amount} />
        <Line name="From" value={account.name} number={account.id} />
        <Line name="To account" number={order.to} />
        <Line name="Description" value={order.description} />
      </dl>
      {form.fault && (
        <Notice kind="error">
          {form.fault.title} Nobody knows yet whether the money was sent. Try again: it is sent only once.
        </Notice>
      )}
      <div class="buttons">
        <button type="button" class="quiet" onClick={cancel}>
          Back
        </button>
        <button type="button" aria-disabled={form.isBusy} onClick={() => void form.run(send)}>
          {buttonText(form.isBusy, attempt.isUncertain, amount)}
        </button>
      </div>
    </Dialog>
  );
}

function buttonText(isBusy: boolean, isUncertain: boolean, amount: string): string {
  if (isBusy) return 'Sending …';
  return isUncertain ? 'Try again' : `Send ${amount}`;
}

const Line = ({ name, value, number }: { name: string; value?: string; number?: string }): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>
      {value && <span>{value}</span>}
      {number && <code>{number}</code>}
    </dd>
  </div>
);
