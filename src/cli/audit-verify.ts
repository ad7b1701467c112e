import { verifyAudit } from '../audit/verify.ts';
import type { Environment } from '../config/load.ts';
import { withRedis } from './with-redis.ts';

/**
 * `portcullis audit verify`: is every record of the audit trail as it was written? It tells the last record's hash
 * too, because only the log knows of records that were taken from the end.
 * @returns the exit code
 */
export const runAuditVerify = (env: Environment): Promise<number> =>
  withRedis(env, async (redis, { auditRecordsMax }) => {
    const { records, last, fault } = await verifyAudit(redis, auditRecordsMax);
    if (fault !== undefined) {
      process.stderr.write(
        `portcullis: record ${fault.seq} was ${fault.what}; ${records} before it are right\n`,
      );
      return 1;
    }
    const end = last === undefined ? '' : `; the last is number ${last.seq}, hash ${last.hash}`;
    process.stdout.write(`${records} records, none altered or removed${end}\n`);
    return 0;
  });
