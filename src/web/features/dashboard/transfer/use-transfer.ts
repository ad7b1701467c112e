import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { ApiError } from '../../../api/api-error.ts';
import type { Transaction } from '../../../api/bank.ts';
import { focusFirstError } from '../../../hooks/focus.ts';
import { fieldText } from '../../../hooks/form.ts';
import { language } from '../../../language.ts';
import { formatMoney, minorDigits } from '../../../ui/format.ts';
import type { Outcome } from '../../../ui/notice.tsx';
import type { LiveAccount } from '../account/live-account.ts';
import {
  type AmountFormat,
  type Attempt,
  attemptFor,
  type OrderErrors,
  type OrderTexts,
  readOrder,
  refusedFields,
} from './transfer-order.ts';

export interface Transfer {
  form: RefObject<HTMLFormElement>;
  format: AmountFormat;
  errors: OrderErrors;
  /** Why it failed, if that is not about a field. */
  error: string | undefined;
  outcome: Outcome | undefined;
  /** The attempt to be confirmed, or to be repeated. */
  pending: Attempt | undefined;
  /** Reads the form and asks for confirmation. */
  review(): void;
  cancel(): void;
  /** It was sent, but there was no response. */
  markUncertain(): void;
  complete(transaction: Transaction): void;
  fail(error: ApiError): void;
}

/** The state of a transfer: from the form by way of the confirmation to the result. */
export function useTransfer(live: LiveAccount): Transfer {
  const format = amountFormat(live.account.currency);
  const [errors, setErrors] = useState<OrderErrors>({});
  const [error, setError] = useState<string | undefined>(undefined);
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);
  const [attempt, setAttempt] = useState<Attempt | undefined>(undefined);
  const [isReviewing, setReviewing] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  function review(): void {
    if (form.current === null) return;
    const result = readOrder(orderTexts(form.current), format);
    setError(undefined);
    setOutcome(undefined);
    setErrors('errors' in result ? result.errors : {});
    if ('order' in result) {
      setAttempt(attemptFor(result.order, attempt, createKey));
      setReviewing(true);
    } else focusFirstError(form.current);
  }

  function complete(transaction: Transaction): void {
    live.add(transaction);
    form.current?.reset();
    setOutcome({ text: completedText(transaction) });
    setAttempt(undefined);
    setReviewing(false);
  }

  function fail(refused: ApiError): void {
    const fields = refusedFields(refused);
    if (refused.code === 'insufficient_funds')
      fields.amountMinor = `Insufficient funds. You have ${formatMoney(live.balanceMinor(), live.account.currency)} available.`;
    setErrors(fields);
    setError(Object.keys(fields).length === 0 ? refused.message : undefined);
    setAttempt(undefined);
    setReviewing(false);
    if (form.current !== null) focusFirstError(form.current);
  }

  return {
    form,
    format,
    errors,
    error,
    outcome,
    pending: isReviewing ? attempt : undefined,
    review,
    cancel: () => setReviewing(false),
    markUncertain: () => setAttempt((current) => current && { ...current, isUncertain: true }),
    complete,
    fail,
  };
}

/** 128 random bits. (`crypto.randomUUID` is missing on plain HTTP to another machine.) */
const createKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );

const orderTexts = (form: HTMLFormElement): OrderTexts => ({
  to: fieldText(form, 'to'),
  amountMinor: fieldText(form, 'amountMinor'),
  description: fieldText(form, 'description'),
});

function amountFormat(currency: string): AmountFormat {
  const digits = minorDigits(currency);
  const format = new Intl.NumberFormat(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  const { locale } = format.resolvedOptions();
  return { minorDigits: digits, language: locale, example: format.format(1234.5) };
}

function completedText({ amountMinor, balanceAfterMinor, counterparty, currency }: Transaction): string {
  const sent = `${formatMoney(amountMinor, currency)} sent to ${counterparty}.`;
  return `${sent} Your new balance is ${formatMoney(balanceAfterMinor, currency)}.`;
}
