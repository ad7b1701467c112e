import { auditMarkKey } from '../../redis/keys.ts';
import { defineScript, nameEntries, runScript } from '../../redis/scripts.ts';
import type { RedisStore } from '../../redis/store.ts';
import { type ChainEnd, linkOf } from '../chain.ts';
import type { AuditLogName } from '../logs.ts';

/** A range of record numbers, both included. */
export interface RecordRange {
  from: number;
  to: number;
}

/** The newest record of a log that has been exported. */
export interface ExportMark extends ChainEnd {
  /** Its id in the stream. */
  id: string;
  /** When it was exported (RFC 3339). */
  time: string;
  /** Records that were removed before they were exported, in the last export that noticed any. */
  lost: RecordRange | undefined;
}

/** The records that are missing between the mark and a record with this text. */
export function gapAfter(mark: ExportMark | undefined, text: string): RecordRange | undefined {
  const [from, to] = [(mark?.seq ?? 0) + 1, (linkOf(text).seq ?? 1) - 1];
  return from <= to ? { from, to } : undefined;
}

const ARGS = nameEntries('ARGV', ['seq', 'hash', 'id', 'time', 'lostFrom', 'lostTo']);

/** KEYS: mark. Moves the mark forward, never back. Returns whether it moved. */
const MOVE_MARK = defineScript(
  'audit-mark',
  `
${ARGS.lua}
local current = tonumber(redis.call('HGET', KEYS[1], 'seq') or 0) or 0
if tonumber(seq) <= current then return 0 end
local fields = { 'seq', seq, 'hash', hash, 'id', id, 'time', time }
if lostFrom ~= '' then
  for _, value in ipairs({ 'lost_from', lostFrom, 'lost_to', lostTo }) do table.insert(fields, value) end
end
redis.call('HSET', KEYS[1], unpack(fields))
return 1
`,
);

/** The mark of a log, or undefined if nothing has been exported. @throws {RedisUnavailable} */
export async function readMark(redis: RedisStore, log: AuditLogName): Promise<ExportMark | undefined> {
  const { seq, hash, id, time, lost_from, lost_to } = await redis.runFor(auditMarkKey(log), (client) =>
    client.hGetAll(auditMarkKey(log)),
  );
  if (seq === undefined || hash === undefined || id === undefined || time === undefined) return undefined;
  const lost =
    lost_from === undefined || lost_to === undefined
      ? undefined
      : { from: Number(lost_from), to: Number(lost_to) };
  return { seq: Number(seq), hash, id, time, lost };
}

/** Notes that the records up to this one have been exported. @throws {RedisUnavailable} */
export async function moveMark(redis: RedisStore, log: AuditLogName, mark: ExportMark): Promise<void> {
  const { seq, hash, id, time, lost } = mark;
  const args = { seq, hash, id, time, lostFrom: lost?.from ?? '', lostTo: lost?.to ?? '' };
  await runScript(redis, MOVE_MARK, [auditMarkKey(log)], ARGS.list(args));
}
