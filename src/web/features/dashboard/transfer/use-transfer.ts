import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { NotDone } from '../../../api/api-error.ts';
import type { Transaction } from '../../../api/bank.ts';
import { focusFirstFault } from '../../../hooks/focus.ts';
import { textOf } from '../../../hooks/form.ts';
import { formatMoney, language, minorDigits } from '../../../ui/format.ts';
import type { Outcome } from '../../../ui/notice.tsx';
import type { LiveAccount } from '../account/live-account.ts';
import {
  type Attempt,
  attemptOf,
  type OrderFaults,
  type OrderTerms,
  readOrder,
  refusalAtFields,
  type TransferTexts,
} from './transfer-order.ts';

export interface Transfer {
  form: RefObject<HTMLFormElement>;
  terms: OrderTerms;
  faults: OrderFaults;
  /** What went wrong with it as a whole. */
  refusal: string | undefined;
  outcome: Outcome | undefined;
  /** Is waiting for a confirmation, or for another try. */
  asking: Attempt | undefined;
  /** Reads the form and asks for a confirmation. */
  review(): void;
  cancel(): void;
  /** It was sent, and nobody knows whether it was made. */
  markUncertain(): void;
  finish(transaction: Transaction): void;
  refuse(fault: NotDone): void;
}

/** A transfer on its way from the form by the confirmation to the bank. */
export function useTransfer(live: LiveAccount): Transfer {
  const terms = termsOf(live.account.currency);
  const [faults, setFaults] = useState<OrderFaults>({});
  const [refusal, setRefusal] = useState<string | undefined>(undefined);
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);
  const [attempt, setAttempt] = useState<Attempt | undefined>(undefined);
  const [isAsking, setAsking] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  function review(): void {
    if (form.current === null) return;
    const read = readOrder(textsOf(form.current), terms);
    setRefusal(undefined);
    setOutcome(undefined);
    setFaults('faults' in read ? read.faults : {});
    if ('order' in read) {
      setAttempt(attemptOf(read.order, attempt, newKey));
      setAsking(true);
    } else focusFirstFault(form.current);
  }

  function finish(transaction: Transaction): void {
    live.add(transaction);
    form.current?.reset();
    setOutcome({ text: doneText(transaction) });
    setAttempt(undefined);
    setAsking(false);
  }

  function refuse(fault: NotDone): void {
    const atFields = refusalAtFields(fault);
    setFaults(atFields);
    setRefusal(Object.keys(atFields).length === 0 ? fault.message : undefined);
    setAttempt(undefined);
    setAsking(false);
    if (form.current !== null) focusFirstFault(form.current);
  }

  return {
    form,
    terms,
    faults,
    refusal,
    outcome,
    asking: isAsking ? attempt : undefined,
    review,
    cancel: () => setAsking(false),
    markUncertain: () => setAttempt((now) => now && { ...now, isUncertain: true }),
    finish,
    refuse,
  };
}

/** 128 random bits. (`crypto.randomUUID` is not there on plain http to another machine.) */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );

const textsOf = (form: HTMLFormElement): TransferTexts => ({
  to: textOf(form, 'to'),
  amountMinor: textOf(form, 'amountMinor'),
  description: textOf(form, 'description'),
});

function termsOf(currency: string): OrderTerms {
  const digits = minorDigits(currency);
  const format = new Intl.NumberFormat(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  const { locale } = format.resolvedOptions();
  return { minorDigits: digits, language: locale, example: format.format(1234.5) };
}

function doneText({ amountMinor, balanceAfterMinor, counterparty, currency }: Transaction): string {
  const sent = `${formatMoney(amountMinor, currency)} sent to ${counterparty}.`;
  return `${sent} Your new balance is ${formatMoney(balanceAfterMinor, currency)}.`;
}
