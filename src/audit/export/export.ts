import type { AuditCheckpoint } from '../../jwt/audit-checkpoint.ts';
import type { RedisStore } from '../../redis/store.ts';
import { type ChainEnd, linkOf, START_OF_CHAIN } from '../chain.ts';
import { ChainCheck } from '../chain-check.ts';
import { AUDIT_LOGS, type AuditLogName } from '../logs.ts';
import { oldestFirst, type StreamedRecord } from '../records.ts';
import { exportLine } from './file.ts';
import { type ExportMark, gapAfter, type RecordRange, readMark } from './mark.ts';

export interface ExportOptions {
  /** All records instead of those after the mark. */
  all: boolean;
  /** Writes one line, which has no line break. It resolves when the next one can be written. */
  write(line: string): Promise<void>;
}

/** What was exported of one log. */
export interface ExportedPart {
  records: number;
  /** The record before the first exported one, and the last exported one. They are equal if there is none. */
  after: ChainEnd;
  last: ChainEnd;
  /** For `moveMark`. Undefined if no record was exported. */
  mark: ExportMark | undefined;
  /** Records that were removed before they could be exported. */
  lost: RecordRange | undefined;
}

/** A record was altered or removed. Such a log is not exported. */
export class AuditChainBroken extends Error {
  readonly code = 'audit_chain_broken';
  override readonly name = 'AuditChainBroken';
}

/**
 * Writes the records of both logs as lines, without the checkpoint. The chains are verified on the way.
 * @throws {RedisUnavailable} {@link AuditChainBroken} and whatever `write` rejects with
 */
export async function exportRecords(
  redis: RedisStore,
  options: ExportOptions,
  now: Date,
): Promise<Record<AuditLogName, ExportedPart>> {
  const parts: Partial<Record<AuditLogName, ExportedPart>> = {};
  for (const log of AUDIT_LOGS) parts[log] = await exportLog(redis, log, options, now.toISOString());
  return parts as Record<AuditLogName, ExportedPart>;
}

async function exportLog(
  redis: RedisStore,
  log: AuditLogName,
  { all, write }: ExportOptions,
  time: string,
): Promise<ExportedPart> {
  const mark = await readMark(redis, log);
  let last: StreamedRecord | undefined;
  let check: ChainCheck | undefined;
  let after: ChainEnd = mark ?? START_OF_CHAIN;
  let lost: RecordRange | undefined;
  for await (const record of oldestFirst(redis, log, all ? undefined : mark?.id)) {
    if (check === undefined) {
      lost = gapAfter(mark, record.text);
      after = predecessorOf(record, all ? undefined : mark);
      check = new ChainCheck(after);
    }
    const fault = check.add(record);
    if (fault !== undefined)
      throw new AuditChainBroken(`record ${fault.seq} of the ${log} log was ${fault.what}`);
    await write(exportLine(log, record));
    last = record;
  }
  const end = check?.end ?? after;
  const newMark = last && { ...end, id: last.id, time, lost };
  return { records: check?.records ?? 0, after, last: end, mark: newMark, lost };
}

/** The record before the first exported one: the mark, or after a gap the one that the record itself names. */
function predecessorOf({ text }: StreamedRecord, mark: ExportMark | undefined): ChainEnd {
  const { seq = 1, prev = '' } = linkOf(text);
  const next = (mark ?? START_OF_CHAIN).seq + 1;
  return seq > next ? { seq: seq - 1, hash: prev } : (mark ?? START_OF_CHAIN);
}

/** The claims of the checkpoint for an export. */
export function checkpointOf(
  parts: Record<AuditLogName, ExportedPart>,
  issuer: string,
  now: Date,
): AuditCheckpoint {
  const ofLog = ({ after, last }: ExportedPart) => ({
    after: { seq: after.seq, hash: after.hash },
    last: { seq: last.seq, hash: last.hash },
  });
  const logs = { security: ofLog(parts.security), customers: ofLog(parts.customers) };
  return { iss: issuer, iat: Math.floor(now.getTime() / 1000), logs };
}
