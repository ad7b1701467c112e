import { once } from 'node:events';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { AuditChainBroken, checkpointOf, type ExportedPart, exportRecords } from '../audit/export/export.ts';
import { checkpointLine } from '../audit/export/file.ts';
import { moveMark } from '../audit/export/mark.ts';
import { AUDIT_LOGS, type AuditLogName } from '../audit/logs.ts';
import type { Environment } from '../config/load.ts';
import { signCheckpoint } from '../jwt/audit-checkpoint.ts';
import { openKeyRing } from '../keys/open.ts';
import type { RingSource } from '../keys/ring.ts';
import { createLog } from '../log.ts';
import type { RedisStore } from '../redis/store.ts';
import { fail, runCommand } from './run.ts';
import { signingSettings, withRedis } from './with-redis.ts';

export interface AuditExportOptions {
  /** All records instead of those after the last export. */
  all: boolean;
  /** A file that does not exist yet; otherwise standard output. */
  output?: string;
}

const BUFFER_CHARACTERS = 65_536;

/** The exit code if the export is complete, but records were removed before they could be exported. */
const RECORDS_LOST = 2;

/**
 * `portcullis audit export`: writes audit records as JSON lines, then a signed checkpoint. Once everything is written,
 * the records count as exported.
 * @returns 0, 1 if nothing counts as exported, or 2 if records were lost before
 */
export const runAuditExport = (env: Environment, options: AuditExportOptions): Promise<number> =>
  runCommand(async () => {
    const settings = signingSettings(env);
    const ring = await openKeyRing(settings, createLog('cli', 'silent'), Date.now());
    try {
      return await withRedis(env, (redis) => exportTo(redis, ring, settings.issuer, options));
    } finally {
      ring.close();
    }
  });

async function exportTo(
  redis: RedisStore,
  ring: RingSource,
  issuer: string,
  { all, output }: AuditExportOptions,
): Promise<number> {
  const target = output === undefined ? STANDARD_OUTPUT : await createFile(output);
  if (target === undefined)
    return fail('--output: must be a file that can be created and does not exist yet');
  try {
    const now = new Date();
    const parts = await exportRecords(redis, { all, write: target.write }, now);
    const checkpoint = checkpointOf(parts, issuer, now);
    await target.write(checkpointLine(await signCheckpoint(ring.at(now.getTime()), checkpoint)));
    await target.finish();
    for (const log of AUDIT_LOGS) await markExported(redis, log, parts[log]);
    return reportParts(parts);
  } catch (fault) {
    await target.discard();
    if (fault instanceof AuditChainBroken) return fail(`nothing is exported: ${fault.message}`);
    throw fault;
  }
}

const markExported = async (redis: RedisStore, log: AuditLogName, { mark }: ExportedPart): Promise<void> =>
  mark && moveMark(redis, log, mark);

function reportParts(parts: Record<AuditLogName, ExportedPart>): number {
  for (const log of AUDIT_LOGS) process.stderr.write(`${log}: ${parts[log].records} records exported\n`);
  const codes = AUDIT_LOGS.map((log) => {
    const { lost } = parts[log];
    if (lost === undefined) return 0;
    fail(`${log}: records ${lost.from} to ${lost.to} were removed before they were exported`);
    return RECORDS_LOST;
  });
  return Math.max(...codes);
}

/** Where an export goes. */
interface ExportTarget {
  write(line: string): Promise<void>;
  /** Resolves when everything is stored. */
  finish(): Promise<void>;
  /** After a failure. */
  discard(): Promise<void>;
}

const STANDARD_OUTPUT: ExportTarget = {
  write: async (line) => {
    if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
  },
  finish: () =>
    new Promise((resolve, reject) => process.stdout.write('', (err) => (err ? reject(err) : resolve()))),
  discard: async () => {},
};

async function createFile(path: string): Promise<ExportTarget | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch {
    return undefined;
  }
  let buffered = '';
  const flush = async (): Promise<void> => {
    const text = buffered;
    buffered = '';
    await file.writeFile(text);
  };
  return {
    write: async (line) => {
      buffered += `${line}\n`;
      if (buffered.length >= BUFFER_CHARACTERS) await flush();
    },
    finish: async () => {
      await flush();
      await file.sync();
      await file.close();
    },
    discard: async () => {
      await file.close().catch(() => {});
      await rm(path, { force: true });
    },
  };
}
