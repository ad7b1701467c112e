/** Why a text is not a valid amount. */
export type AmountError = 'unreadable' | 'too-precise' | 'zero' | 'too-large';

/** The number format of a language. */
interface Notation {
  decimal: string;
  /** Separators between groups of digits, with those that keyboards have in place of the typographic ones. */
  groups: readonly string[];
  /** The digits from 0 to 9. */
  digits: readonly string[];
}

const SPACES = [' ', '\u00a0', '\u202f', '\u2009'];
const APOSTROPHES = ["'", '\u2019'];

function notationOf(language: string): Notation {
  const format = new Intl.NumberFormat(language, { useGrouping: 'always' });
  const partOf = (type: Intl.NumberFormatPartTypes): string =>
    format.formatToParts(1234567.8).find((part) => part.type === type)?.value ?? '';
  const group = partOf('group');
  const variants = [SPACES, APOSTROPHES].find((some) => some.includes(group)) ?? [group].filter(Boolean);
  const plain = new Intl.NumberFormat(language, { useGrouping: false });
  const digits = Array.from({ length: 10 }, (_, digit) => plain.format(digit));
  return { decimal: partOf('decimal'), groups: variants, digits };
}

/**
 * Parses an amount in the format of a language, such as `1,234.50` or `1.234,50`, into minor units, without floating
 * point. Groups of digits are accepted only where the language has them, so that an ambiguous amount is refused.
 */
export function readAmount(text: string, minorDigits: number, language: string): number | AmountError {
  const notation = notationOf(language);
  const plain = withPlainDigits(text.trim(), notation.digits);
  const [whole = '', fraction = '', ...more] = plain.split(notation.decimal);
  const digits = ungrouped(whole, notation, language);
  const isValid = digits !== undefined && more.length === 0 && /^[0-9]*$/.test(fraction);
  if (!isValid || digits + fraction === '') return 'unreadable';
  if (fraction.length > minorDigits) return 'too-precise';
  const amountMinor = BigInt(digits + fraction.padEnd(minorDigits, '0'));
  if (amountMinor === 0n) return 'zero';
  return amountMinor > BigInt(Number.MAX_SAFE_INTEGER) ? 'too-large' : Number(amountMinor);
}

const withPlainDigits = (text: string, digits: readonly string[]): string =>
  Array.from(text, (character) => {
    const value = digits.indexOf(character);
    return value < 0 ? character : String(value);
  }).join('');

/** The integer part without group separators; undefined if they are not where the language has them. */
function ungrouped(whole: string, { groups, digits }: Notation, language: string): string | undefined {
  const parts = groups.reduce((some, group) => some.flatMap((part) => part.split(group)), [whole]);
  const plain = parts.join('');
  if (!/^[0-9]*$/.test(plain)) return undefined;
  if (parts.length === 1) return plain;
  const asWritten = new Intl.NumberFormat(language, { useGrouping: 'always' })
    .formatToParts(BigInt(plain === '' ? 0 : plain))
    .filter(({ type }) => type === 'integer')
    .map(({ value }) => withPlainDigits(value, digits));
  return asWritten.join() === parts.join() ? plain : undefined;
}
