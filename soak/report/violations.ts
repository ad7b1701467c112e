import type { Recorded, Violation } from '../model/operation.ts';

/** A violation with both operations, for people. Times are in seconds since `startMs`. */
export function violationText({ rule, about, earlier, later }: Violation, startMs: number): string {
  const first =
    earlier === undefined ? '  (no revocation was called before)' : `  ${operationText(earlier, startMs)}`;
  return [`${rule}: ${about}`, first, `  ${operationText(later, startMs)}`].join('\n');
}

function operationText(op: Recorded, startMs: number): string {
  const seconds = (ms: number | undefined): string => (((ms ?? 0) - startMs) / 1000).toFixed(3);
  const sent = op.sentMs === op.calledMs ? '' : `, last part sent ${seconds(op.sentMs)}`;
  const detail = op.detail ? ` (${op.detail})` : '';
  return `#${op.id} ${op.name} by ${op.by}: called ${seconds(op.calledMs)}${sent}, returned ${seconds(op.returnedMs)}: ${op.outcome}${detail}`;
}
