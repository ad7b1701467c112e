import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { verifyExport } from '../audit/export/file.ts';
import { AUDIT_LOGS } from '../audit/logs.ts';
import { type AuditVerdict, verifyAudit } from '../audit/verify.ts';
import type { Environment } from '../config/load.ts';
import { openKeyRing } from '../keys/open.ts';
import { createLog } from '../log.ts';
import { Refusal } from '../refusal.ts';
import { fail, runCommand } from './run.ts';
import { signingSettings, withRedis } from './with-redis.ts';

/** The exit code if no record was changed, but records were removed before they were exported. */
const NEVER_EXPORTED = 2;

/**
 * `portcullis audit verify`: checks that no audit record was altered or removed. It prints each log's last hash, which
 * has to be compared with the one in the process's log: truncation at the end can only be detected this way.
 * @returns 0, 1 if a record was altered or removed, or 2 if only records that were never exported are missing
 */
export const runAuditVerify = (env: Environment): Promise<number> =>
  withRedis(env, async (redis) => {
    const codes: number[] = [];
    for (const log of AUDIT_LOGS) codes.push(report(log, await verifyAudit(redis, log)));
    return codes.includes(1) ? 1 : Math.max(...codes);
  });

function report(log: string, verdict: AuditVerdict): number {
  const { records, oldest, last, fault, neverExported, mark } = verdict;
  const span = oldest && last && `: ${oldest.seq} (${oldest.time}) to ${last.seq}, hash ${last.hash}`;
  const exported = mark === undefined ? 'none exported' : `exported up to ${mark.seq} at ${mark.time}`;
  process.stdout.write(`${log}: ${records} records${span ?? ''}; ${exported}\n`);
  if (mark?.lost !== undefined)
    process.stdout.write(`${log}: records ${mark.lost.from} to ${mark.lost.to} were lost before an export\n`);
  if (neverExported !== undefined)
    fail(`${log}: records ${neverExported.from} to ${neverExported.to} are missing and were never exported`);
  if (fault !== undefined)
    return fail(`${log}: record ${fault.seq} was ${fault.what}; the ${records} records before it are intact`);
  return neverExported === undefined ? 0 : NEVER_EXPORTED;
}

/**
 * `portcullis audit verify --file`: checks an export without Redis. The signature is checked with the keys of a file
 * (`--jwks`, RFC 7517), or with the gateway's own.
 * @returns the exit code
 */
export const runAuditVerifyFile = (
  env: Environment,
  { file, jwks }: { file: string; jwks?: string },
): Promise<number> =>
  runCommand(async () => {
    const keys = jwks === undefined ? await ownKeys(env) : await readKeys(jwks);
    if (keys === undefined) return fail('--jwks: must be a readable file with a JSON Web Key Set');
    const verified = await readingFile(file, (lines) => verifyExport(lines, keys));
    if (verified === undefined) return fail('--file: must be a readable file');
    if (verified instanceof Refusal) return fail(String(verified.detail));
    const { records, checkpoint, kid } = verified;
    for (const log of AUDIT_LOGS) {
      const { after, last } = checkpoint.logs[log];
      const span = records[log] === 0 ? '' : `: ${after.seq + 1} to ${last.seq}, hash ${last.hash}`;
      process.stdout.write(`${log}: ${records[log]} records${span}\n`);
    }
    process.stdout.write(`signed at ${new Date(checkpoint.iat * 1000).toISOString()} with the key ${kid}\n`);
    return 0;
  });

/** The result of `read` for the lines of a file, or undefined if it cannot be read. */
async function readingFile<T>(file: string, read: (lines: AsyncIterable<string>) => Promise<T>) {
  const input = createReadStream(file);
  try {
    return await read(createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }));
  } catch (fault) {
    if (fault instanceof Error && 'syscall' in fault) return undefined;
    throw fault;
  } finally {
    input.destroy();
  }
}

const jwksSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

async function readKeys(file: string): Promise<JSONWebKeySet | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    return jwksSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function ownKeys(env: Environment): Promise<JSONWebKeySet> {
  const ring = await openKeyRing(signingSettings(env), createLog('cli', 'silent'), Date.now());
  try {
    return ring.at(Date.now()).jwks;
  } finally {
    ring.close();
  }
}
