import type { ApiError } from '../../../api/api-error.ts';
import type { TransferOrder } from '../../../api/bank.ts';
import { type AmountError, readAmount } from './amount.ts';

const ACCOUNT_NUMBER = /^[\w-]{1,64}$/;
export const DESCRIPTION_MAX = 140;

/** Account numbers are often copied in groups. */
export const withoutSpaces = (accountNumber: string): string => accountNumber.replace(/\s+/g, '');
export const isAccountNumber = (text: string): boolean => ACCOUNT_NUMBER.test(text);

/** Error messages by field. */
export type OrderErrors = Partial<Record<keyof TransferOrder, string>>;

/** The texts of the form's fields. */
export type OrderTexts = Record<keyof TransferOrder, string>;

export interface AmountFormat {
  minorDigits: number;
  /** BCP 47. */
  language: string;
  /** An amount in this format. */
  example: string;
}

/** Reads and validates the form. The bank validates the order again, and checks more. */
export function readOrder(
  texts: OrderTexts,
  format: AmountFormat,
): { order: TransferOrder } | { errors: OrderErrors } {
  const to = withoutSpaces(texts.to);
  const description = texts.description.trim();
  const amount = readAmount(texts.amountMinor, format.minorDigits, format.language);
  const errors: OrderErrors = {};
  if (!isAccountNumber(to))
    errors.to = 'Enter an account number. It consists of letters, digits, "-" and "_".';
  if (typeof amount === 'string') errors.amountMinor = amountErrorText(amount, format);
  if (description === '') errors.description = 'Enter a description.';
  if ([...description].length > DESCRIPTION_MAX)
    errors.description = `Use at most ${DESCRIPTION_MAX} characters.`;
  if (typeof amount === 'string' || Object.keys(errors).length > 0) return { errors };
  return { order: { to, amountMinor: amount, description } };
}

function amountErrorText(error: AmountError, { minorDigits, example }: AmountFormat): string {
  const digits = ['no', 'one', 'two', 'three', 'four'][minorDigits];
  return {
    unreadable: `Enter an amount, for example ${example}.`,
    'too-precise': `Use ${minorDigits === 0 ? '' : 'at most '}${digits} decimal places, for example ${example}.`,
    zero: 'Enter an amount greater than zero.',
    'too-large': 'This exceeds the limit for a single transfer.',
  }[error];
}

/** One transfer, with the same idempotency key however often it is sent. */
export interface Attempt {
  order: TransferOrder;
  idempotencyKey: string;
  /** It was sent, but there was no response: it may have been made. */
  isUncertain: boolean;
}

/** The attempt for an order. An uncertain attempt is continued by the same order, so that it is not made twice. */
export function attemptFor(
  order: TransferOrder,
  before: Attempt | undefined,
  createKey: () => string,
): Attempt {
  const isSame = before?.isUncertain === true && isSameOrder(before.order, order);
  return isSame ? before : { order, idempotencyKey: createKey(), isUncertain: false };
}

const isSameOrder = (a: TransferOrder, b: TransferOrder): boolean =>
  a.to === b.to && a.amountMinor === b.amountMinor && a.description === b.description;

const FIELDS: readonly (keyof TransferOrder)[] = ['to', 'amountMinor', 'description'];

/**
 * The bank's refusal by field, empty if it names none. The title of a 422 is shown at its field; an invalid request has a
 * validation message for each.
 */
export function refusedFields({ status, message, errors }: ApiError): OrderErrors {
  const named = errors.flatMap(({ field, message: invalid }) => {
    const name = FIELDS.find((one) => one === field);
    return name === undefined ? [] : [[name, status === 422 ? message : sentenceOf(invalid)]];
  });
  return Object.fromEntries(named);
}

const sentenceOf = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
