import type { JSONWebKeySet } from 'jose';
import { type AuditCheckpoint, verifyCheckpoint } from '../../jwt/audit-checkpoint.ts';
import { Refusal } from '../../refusal.ts';
import { type ChainEnd, linkOf, readRecord, type StoredRecord } from '../chain.ts';
import { ChainCheck, type ChainFault } from '../chain-check.ts';
import { AUDIT_LOGS, type AuditLogName } from '../logs.ts';

/**
 * One record of an export as JSON. The text of the record is part of the line as it is, and it is what
 * `JSON.stringify` writes, so it can be read back character by character.
 */
export const exportLine = (log: AuditLogName, { text, hash }: StoredRecord): string =>
  `{"log":"${log}","hash":"${hash}","record":${text}}`;

/** The last line of an export. */
export const checkpointLine = (token: string): string => JSON.stringify({ checkpoint: token });

/** An intact export. */
export interface VerifiedExport {
  records: Record<AuditLogName, number>;
  checkpoint: AuditCheckpoint;
  /** The key that signed the checkpoint. */
  kid: string;
}

/**
 * Verifies an export without Redis: the chains, and the signature of the checkpoint at its end. The detail of a refusal
 * says what is wrong.
 */
export async function verifyExport(
  lines: AsyncIterable<string>,
  jwks: JSONWebKeySet,
): Promise<VerifiedExport | Refusal<'export_invalid'>> {
  const parts = { security: new PartCheck(), customers: new PartCheck() };
  let token: string | undefined;
  for await (const line of lines) {
    if (token !== undefined) return invalid('there are lines after the checkpoint');
    const { log, hash, record, checkpoint } = readRecord(line);
    if (typeof checkpoint === 'string') token = checkpoint;
    else if (!isLogName(log) || typeof hash !== 'string') return invalid('a line is not a record');
    else {
      const fault = parts[log].add({ text: JSON.stringify(record), hash });
      if (fault !== undefined) return invalid(`record ${fault.seq} of the ${log} log was ${fault.what}`);
    }
  }
  if (token === undefined) return invalid('the checkpoint at the end is missing');
  const verified = await verifyCheckpoint(jwks, token);
  if (verified instanceof Refusal) return invalid(`the checkpoint is not genuine: ${verified.detail}`);
  const { logs } = verified.checkpoint;
  const wrong = AUDIT_LOGS.find((log) => !parts[log].isExactly(logs[log].after, logs[log].last));
  if (wrong !== undefined) return invalid(`the records of the ${wrong} log are not those of the checkpoint`);
  return { records: { security: parts.security.records, customers: parts.customers.records }, ...verified };
}

const invalid = (detail: string) => new Refusal('export_invalid', detail);
const isLogName = (log: unknown): log is AuditLogName => AUDIT_LOGS.includes(log as AuditLogName);

/** Verifies the records of one log in an export. */
class PartCheck extends ChainCheck {
  #after: ChainEnd | undefined;

  override add(record: StoredRecord): ChainFault | undefined {
    const { seq = 1, prev = '' } = linkOf(record.text);
    this.#after ??= { seq: seq - 1, hash: prev };
    return super.add(record);
  }

  /** Whether the records are those after one record up to another. */
  isExactly(after: ChainEnd, last: ChainEnd): boolean {
    return isSame(this.#after ?? last, after) && isSame(this.end ?? after, last);
  }
}

const isSame = (one: ChainEnd, other: ChainEnd): boolean => one.seq === other.seq && one.hash === other.hash;
