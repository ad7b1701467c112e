import type { JSX } from 'preact';
import { ApiError } from '../../../api/api-error.ts';
import { type Account, transferMoney } from '../../../api/bank.ts';
import { useForm } from '../../../hooks/form.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { formatMoney } from '../../../ui/format.ts';
import { Notice } from '../../../ui/notice.tsx';
import type { Attempt } from './transfer-order.ts';
import type { Transfer } from './use-transfer.ts';

interface TransferDialogProps {
  account: Account;
  attempt: Attempt;
  transfer: Transfer;
}

/**
 * Shows the exact order and sends it. Without a response the dialog stays, so that the same order can be sent again: the
 * bank makes it only once. The cancel button has the focus at first.
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
      transfer.complete(await transferMoney(account.id, order, idempotencyKey));
    } catch (error) {
      if (error instanceof ApiError && !error.isOutage) return transfer.fail(error);
      transfer.markUncertain();
      throw error;
    }
  }
  return (
    <Dialog title={`Send ${amount}?`} onCancel={cancel}>
      <dl class="order">
        <OrderLine name="Amount" value={amount} />
        <OrderLine name="From" value={account.name} number={account.id} />
        <OrderLine name="To account" number={order.to} />
        <OrderLine name="Description" value={order.description} />
      </dl>
      {form.error && (
        <Notice kind="error">
          {form.error.message} We don't know whether the money was sent. Try again: it will be sent only once.
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

const OrderLine = (line: { name: string; value?: string; number?: string }): JSX.Element => (
  <div>
    <dt>{line.name}</dt>
    <dd>
      {line.value && <span>{line.value}</span>}
      {line.number && <code>{line.number}</code>}
    </dd>
  </div>
);
