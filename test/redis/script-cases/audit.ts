import { RedisAuditLog } from '../../../src/audit/audit-log.ts';
import { moveMark } from '../../../src/audit/export/mark.ts';
import { createLog } from '../../../src/log.ts';
import type { RedisLink } from '../../../src/redis/connection.ts';
import { NO_LIMITS } from '../../audit/audit-store.ts';
import type { ScriptCase } from '../script-trial.ts';

const mark = (link: RedisLink, seq: number, lost?: { from: number; to: number }): Promise<void> =>
  moveMark(link, 'customers', { seq, hash: 'f'.repeat(64), id: '1-1', time: '2026-01-02T03:04:05Z', lost });

export const AUDIT_CASES: readonly ScriptCase[] = [
  {
    script: 'audit-append',
    when: 'a second record, after an export',
    run: async (link) => {
      const log = createLog('gateway', 'silent');
      const audit = new RedisAuditLog({ redis: link, log, settings: NO_LIMITS });
      await mark(link, 1);
      for (const actor of ['ann', 'ben'])
        await audit.record({ actor, action: 'login', result: 'done' }, Date.now());
      await audit.close();
    },
  },
  {
    script: 'audit-mark',
    when: 'an export after lost records',
    run: async (link) => {
      await mark(link, 1);
      await mark(link, 5, { from: 2, to: 3 });
    },
  },
];
