import type { DestinationStream, pino } from 'pino';

/** When the reader of the log is too slow, lines beyond this are dropped, so that the buffer stays bounded. */
const MAX_UNWRITTEN_BYTES = 16 * 1024 * 1024;

/** Audit lines are never dropped. Beyond this, the process waits for the reader of the log. */
const MAX_UNWRITTEN_BYTES_WITH_AUDIT = 4 * MAX_UNWRITTEN_BYTES;

/** Pino tells a destination with this member which object it has written last. */
const METADATA = Symbol.for('pino.metadata');

type Destination = ReturnType<typeof pino.destination>;

/**
 * Events whose lines are never dropped. Lines of a client beyond its rate of records are not among them, so that no
 * client can make the process wait.
 */
const NEVER_DROPPED = new Set<unknown>(['audit', 'audit_announced', 'audit_not_kept', 'audit_records_lost']);

/**
 * Passes lines on and drops those that would exceed the buffer, except those with audit records. Once there is room again,
 * `onRoomAgain` is called with the number of dropped lines.
 */
export function lineBuffer(
  destination: Destination,
  onRoomAgain: (dropped: number) => void,
): DestinationStream & { lastObj?: { event?: unknown } } {
  let unwrittenBytes = 0;
  let dropped = 0;
  destination.on('write', (bytes: number) => {
    unwrittenBytes = Math.max(0, unwrittenBytes - bytes);
    if (dropped === 0 || unwrittenBytes > MAX_UNWRITTEN_BYTES / 2) return;
    const count = dropped;
    dropped = 0;
    onRoomAgain(count);
  });
  const buffer = {
    [METADATA]: true,
    lastObj: undefined as { event?: unknown } | undefined,
    write(line: string): void {
      const bytes = Buffer.byteLength(line);
      const isAudit = NEVER_DROPPED.has(buffer.lastObj?.event);
      if (!isAudit && unwrittenBytes + bytes > MAX_UNWRITTEN_BYTES) {
        dropped += 1;
        return;
      }
      unwrittenBytes += bytes;
      destination.write(line);
      if (unwrittenBytes <= MAX_UNWRITTEN_BYTES_WITH_AUDIT) return;
      destination.flushSync();
      unwrittenBytes = 0;
    },
  };
  return buffer as DestinationStream & { lastObj?: { event?: unknown } };
}
