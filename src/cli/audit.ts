import { verifyAudit } from '../audit/verify.ts';
import type { Environment } from '../config/load.ts';
import { fail } from './run.ts';
import { withRedis } from './with-redis.ts';

/**
 * `portcullis audit verify`: checks that no audit record was altered or removed. It prints the last record's hash, which
 * has to be compared with the one in the process's log: truncation at the end can only be detected this way.
 * @returns the exit code
 */
export const runAuditVerify = (env: Environment): Promise<number> =>
  withRedis(env, async (redis, { auditRecordsMax }) => {
    const { records, last, fault } = await verifyAudit(redis, auditRecordsMax);
    if (fault !== undefined)
      return fail(`record ${fault.seq} was ${fault.what}; the ${records} records before it are intact`);
    const end = last === undefined ? '' : `; the last is number ${last.seq}, hash ${last.hash}`;
    process.stdout.write(`${records} records, none altered or removed${end}\n`);
    return 0;
  });
