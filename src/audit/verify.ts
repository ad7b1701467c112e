import type { RedisStore } from '../redis/store.ts';
import { linkOf, START_OF_CHAIN, type StoredRecord } from './chain.ts';
import { ChainCheck, type ChainFault } from './chain-check.ts';
import { type ExportMark, gapAfter, type RecordRange, readMark } from './export/mark.ts';
import type { AuditLogName } from './logs.ts';
import { oldestFirst } from './records.ts';

export interface AuditVerdict {
  /** The number of intact records, up to the fault if there is one. */
  records: number;
  oldest: { seq: number; time: string | undefined } | undefined;
  /** The last intact record. Compare its hash with the process log: only that shows records removed from the end. */
  last: { seq: number; hash: string } | undefined;
  fault: ChainFault | undefined;
  /** Records before the oldest one that were removed without having been exported. */
  neverExported: RecordRange | undefined;
  mark: ExportMark | undefined;
}

/** Reads one audit log and verifies its chain, from the oldest record on. @throws {RedisUnavailable} */
export async function verifyAudit(redis: RedisStore, log: AuditLogName): Promise<AuditVerdict> {
  const records = oldestFirst(redis, log);
  const first = await records.next();
  // The mark is read after the oldest record, because records are only removed after the mark has moved beyond them.
  const mark = await readMark(redis, log);
  if (first.done === true) return { ...verdictOf(new ChainCheck()), mark, fault: endFault(0, mark) };
  const check = new ChainCheck(predecessorOf(first.value, mark));
  let fault = check.add(first.value) ?? markFault(first.value, check, mark);
  for await (const record of records) {
    if (fault !== undefined) break;
    fault = check.add(record) ?? markFault(record, check, mark);
  }
  fault ??= endFault(check.end?.seq ?? 0, mark);
  return { ...verdictOf(check), neverExported: gapAfter(mark, first.value.text), mark, fault };
}

const verdictOf = ({ records, oldest, end }: ChainCheck): Omit<AuditVerdict, 'mark'> => ({
  records,
  oldest,
  last: records === 0 ? undefined : end,
  fault: undefined,
  neverExported: undefined,
});

/** The record that the oldest one has to follow, if it is known. */
function predecessorOf({ text }: StoredRecord, mark: ExportMark | undefined) {
  const { seq } = linkOf(text);
  if (seq === 1 || seq === undefined) return START_OF_CHAIN;
  return seq - 1 === mark?.seq ? mark : undefined;
}

/** The exported record is still the same one. */
function markFault(
  { hash }: StoredRecord,
  { end }: ChainCheck,
  mark: ExportMark | undefined,
): ChainFault | undefined {
  return mark !== undefined && end?.seq === mark.seq && hash !== mark.hash
    ? { seq: mark.seq, what: 'altered' }
    : undefined;
}

/** No record up to the exported one is missing at the end. */
const endFault = (lastSeq: number, mark: ExportMark | undefined): ChainFault | undefined =>
  mark !== undefined && lastSeq < mark.seq ? { seq: lastSeq + 1, what: 'removed' } : undefined;
