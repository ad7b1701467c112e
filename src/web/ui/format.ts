import { language } from '../language.ts';

/** Amounts, dates and durations in the browser's language. */

/** An amount in minor units, such as cents, with its currency (ISO 4217). */
export function formatMoney(amountMinor: number, currency: string): string {
  return moneyFormat(currency).format(amountMinor / 10 ** minorDigits(currency));
}

/** The number of decimals of a currency: 2 for EUR, 0 for JPY. */
export const minorDigits = (currency: string): number =>
  moneyFormat(currency).resolvedOptions().maximumFractionDigits ?? 2;

const moneyFormats = new Map<string, Intl.NumberFormat>();
function moneyFormat(currency: string): Intl.NumberFormat {
  const cached = moneyFormats.get(currency);
  if (cached !== undefined) return cached;
  const format = new Intl.NumberFormat(language, { style: 'currency', currency });
  moneyFormats.set(currency, format);
  return format;
}

const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });

/** An instant (RFC 3339) as date and time. */
export const formatDateTime = (instant: string): string => dateTime.format(new Date(instant));

const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** An instant (RFC 3339) as the time that has passed since: `5 minutes ago`. */
export function formatAgo(instant: string, nowMs: number): string {
  const passedMs = Math.max(0, nowMs - Date.parse(instant));
  const unit = UNITS.find(([, ms]) => passedMs >= ms);
  return unit === undefined ? 'just now' : relative.format(-Math.floor(passedMs / unit[1]), unit[0]);
}

/** A duration: `45 seconds`, `15 minutes`. */
export function formatSeconds(seconds: number): string {
  const [count, unit] = seconds < 120 ? [seconds, 'second'] : [Math.ceil(seconds / 60), 'minute'];
  return new Intl.NumberFormat(language, { style: 'unit', unit: `${unit}`, unitDisplay: 'long' }).format(
    count,
  );
}
