import type { FieldError } from '../../http/problem.ts';

/** The addresses and CIDR ranges of a text with one on each line. */
export const rangesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

const PLACE = /^ranges\.(\d+)$/;

/** What the server found wrong with them, naming each. */
export function rangesFault(errors: readonly FieldError[], ranges: readonly string[]): string {
  const faults = errors.map(({ field, message }) => {
    const range = ranges[Number(PLACE.exec(field)?.[1] ?? Number.NaN)];
    return range === undefined ? message : `“${range}” ${message}`;
  });
  return faults.join('; ');
}
