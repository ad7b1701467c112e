/** Why a text is no amount that can be paid. */
export type AmountFault = 'unreadable' | 'too-fine' | 'nothing' | 'too-much';

/** How amounts are written in a language. */
interface Notation {
  decimal: string;
  /** Between groups of digits. Several, because keyboards don't have those that are printed. */
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
  const alike = [SPACES, APOSTROPHES].find((some) => some.includes(group)) ?? [group].filter(Boolean);
  const plain = new Intl.NumberFormat(language, { useGrouping: false });
  const digits = Array.from({ length: 10 }, (_, digit) => plain.format(digit));
  return { decimal: partOf('decimal'), groups: alike, digits };
}

/**
 * Reads an amount as people write it in their language, such as `1,234.50` or `1.234,50`, and gives it in minor
 * units. Digits may be grouped as the language groups them and in no other way, so that nothing which could mean
 * two amounts is taken for one. There is no floating point on the way.
 */
export function readAmount(text: string, minorDigits: number, language: string): number | AmountFault {
  const notation = notationOf(language);
  const plain = withPlainDigits(text.trim(), notation.digits);
  const [whole = '', fraction = '', ...more] = plain.split(notation.decimal);
  const digits = ungrouped(whole, notation, language);
  const isRead = digits !== undefined && more.length === 0 && /^[0-9]*$/.test(fraction);
  if (!isRead || digits + fraction === '') return 'unreadable';
  if (fraction.length > minorDigits) return 'too-fine';
  const amountMinor = BigInt(digits + fraction.padEnd(minorDigits, '0'));
  if (amountMinor === 0n) return 'nothing';
  return amountMinor > BigInt(Number.MAX_SAFE_INTEGER) ? 'too-much' : Number(amountMinor);
}

const withPlainDigits = (text: string, digits: readonly string[]): string =>
  Array.from(text, (character) => {
    const value = digits.indexOf(character);
    return value < 0 ? character : String(value);
  }).join('');

/** The whole part without its groups' separators; undefined when they don't stand where the language has them. */
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
