import type { NotDone } from '../../../api/api-error.ts';
import type { TransferOrder } from '../../../api/bank.ts';
import { type AmountFault, readAmount } from './amount.ts';

const ACCOUNT_ID = /^[\w-]{1,64}$/;
export const DESCRIPTION_MOST = 140;

/** What is wrong with a transfer, at the fields as the bank names them. */
export type OrderFaults = Partial<Record<keyof TransferOrder, string>>;

export interface TransferTexts {
  to: string;
  amountMinor: string;
  description: string;
}

export interface OrderTerms {
  minorDigits: number;
  /** BCP 47, of the one who writes the amount. */
  language: string;
  /** An amount as it may be written. */
  example: string;
}

/** Numbers are often copied in groups. */
export const withoutSpaces = (accountNumber: string): string => accountNumber.replace(/\s+/g, '');

/** What the form says, or what is wrong with it. The bank judges again, and more. */
export function readOrder(
  texts: TransferTexts,
  { minorDigits, language, example }: OrderTerms,
): { order: TransferOrder } | { faults: OrderFaults } {
  const to = withoutSpaces(texts.to);
  const description = texts.description.trim();
  const amount = readAmount(texts.amountMinor, minorDigits, language);
  const faults: OrderFaults = {};
  if (!ACCOUNT_ID.test(to)) faults.to = 'Enter the account number: letters, digits, "-" and "_".';
  if (typeof amount === 'string') faults.amountMinor = amountFaultText(amount, example);
  if (description === '') faults.description = 'Say what the money is for.';
  if ([...description].length > DESCRIPTION_MOST)
    faults.description = `Use at most ${DESCRIPTION_MOST} characters.`;
  if (typeof amount === 'string' || Object.keys(faults).length > 0) return { faults };
  return { order: { to, amountMinor: amount, description } };
}

const amountFaultText = (fault: AmountFault, example: string): string =>
  ({
    unreadable: `Write the amount like ${example}.`,
    'too-fine': `The currency has no smaller unit. Write the amount like ${example}.`,
    nothing: 'Enter more than zero.',
    'too-much': 'This is more than can be transferred at once.',
  })[fault];

/** One transfer that somebody wants made, under one idempotency key however often it is sent. */
export interface Attempt {
  order: TransferOrder;
  idempotencyKey: string;
  /** It was sent and nobody knows whether it was made. */
  isUncertain: boolean;
}

/**
 * The attempt to make a transfer. The same transfer as one that nobody knows the fate of is that one again, so that it
 * isn't made twice; any other is new.
 */
export function attemptOf(order: TransferOrder, before: Attempt | undefined, makeKey: () => string): Attempt {
  const isSame = before?.isUncertain === true && isSameOrder(before.order, order);
  return isSame ? before : { order, idempotencyKey: makeKey(), isUncertain: false };
}

const isSameOrder = (a: TransferOrder, b: TransferOrder): boolean =>
  a.to === b.to && a.amountMinor === b.amountMinor && a.description === b.description;

const FIELDS: readonly (keyof TransferOrder)[] = ['to', 'amountMinor', 'description'];

/**
 * The bank's refusal at the fields that it names. A refusal of what was asked for (422) has a title that says
 * why; one of how it was asked for says so field by field. Empty when it names no field.
 */
export function refusalAtFields({ status, message, errors }: NotDone): OrderFaults {
  const named = errors.flatMap(({ field, message: reason }) => {
    const name = FIELDS.find((one) => one === field);
    return name === undefined ? [] : [[name, status === 422 ? message : `The bank ${reason}.`]];
  });
  return Object.fromEntries(named);
}
