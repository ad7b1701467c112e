import { RedisUnavailable } from '../redis/connection.ts';
import { auditKey, auditMarkKey } from '../redis/keys.ts';
import { defineScript, nameEntries, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import { type ChainEnd, hashOf, linkOf, NO_RECORD, type StoredRecord } from './chain.ts';
import type { AuditLimits, AuditLogName } from './logs.ts';

const KEYS = nameEntries('KEYS', ['records', 'mark']);
const ARGS = nameEntries('ARGV', ['expectedHash', 'recordsMax', 'unexportedMax', 'lastSeq']);

/**
 * Appends records only if the last record is still the one that they are chained to. An entry without a hash was not
 * written here; the chain continues after it, and `portcullis audit verify` reports it.
 *
 * Records above `recordsMax` are removed from the front if they have been exported, and those above `unexportedMax` in
 * any case. `XADD` is the only command that writes, and each command is first run before it, so the script cannot fail
 * halfway.
 *
 * ARGV ends with pairs of record and hash. Returns `appended` with the number of the newest exported record and the
 * text of the oldest record, or `behind` with the hash and the text of the last record.
 */
const APPEND_RECORDS = defineScript(
  'audit-append',
  `
${KEYS.lua}
${ARGS.lua}
local last = redis.call('XREVRANGE', records, '+', '-', 'COUNT', 1)[1]
local hash, text = '${NO_RECORD}', ''
if last then hash, text = last[2][4] or '', last[2][2] end
if hash ~= expectedHash then return { 'behind', hash, text } end
local exported = tonumber(redis.call('HGET', mark, 'seq') or 0) or 0
redis.call('XRANGE', records, '-', '+', 'COUNT', 1)
local kept = math.min(tonumber(lastSeq) - exported, tonumber(unexportedMax))
kept = string.format('%.0f', math.max(kept, tonumber(recordsMax)))
for i = ${ARGS.count + 1}, #ARGV, 2 do
  redis.call('XADD', records, 'MAXLEN', '~', kept, '*', 'record', ARGV[i], 'hash', ARGV[i + 1])
end
local oldest = redis.pcall('XRANGE', records, '-', '+', 'COUNT', 1)[1]
return { 'appended', string.format('%.0f', exported), oldest and oldest[2][2] or '' }
`,
);

/** What happened to records that were to be appended. */
export type AppendOutcome =
  | { appended: true; exportedSeq: number; oldestSeq: number | undefined }
  /** Other records have been appended. `seq` is 0 if the last one was not written here. */
  | ({ appended: false } & ChainEnd);

/**
 * Appends records to a log if `after` is the hash of its last record.
 * @throws {RedisUnavailable} also for a reply that the script cannot have sent
 */
export async function appendRecords(
  redis: RedisStore,
  log: AuditLogName,
  { recordsMax, unexportedMax }: AuditLimits,
  after: string,
  records: readonly (StoredRecord & ChainEnd)[],
): Promise<AppendOutcome> {
  const lastSeq = records.at(-1)?.seq ?? 0;
  const args = ARGS.list({ expectedHash: after, recordsMax, unexportedMax, lastSeq });
  for (const { text, hash } of records) args.push(text, hash);
  const keys = KEYS.list({ records: auditKey(log), mark: auditMarkKey(log) });
  return readReply(await runScript(redis, APPEND_RECORDS, keys, args));
}

function readReply(reply: unknown): AppendOutcome {
  const [outcome, first, text] = (Array.isArray(reply) ? reply : []) as unknown[];
  if (typeof first !== 'string' || typeof text !== 'string') throw unexpectedReply();
  if (outcome === 'appended' && /^\d{1,15}$/.test(first))
    return { appended: true, exportedSeq: Number(first), oldestSeq: linkOf(text).seq };
  if (outcome !== 'behind') throw unexpectedReply();
  const seq = hashOf(text) === first ? linkOf(text).seq : undefined;
  return { appended: false, seq: seq ?? 0, hash: first };
}

const unexpectedReply = (): RedisUnavailable =>
  new RedisUnavailable('Redis sent an unexpected reply to an audit record');
