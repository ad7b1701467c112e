import { expect } from 'vitest';
import { RedisAuditLog } from '../../../src/audit/audit-log.ts';
import type { GatewayContext } from '../../../src/gateway/pipeline/guards.ts';
import { runAdminAction } from '../../../src/gateway/routes/admin/admin-action.ts';
import { createLog } from '../../../src/log.ts';
import { RedisUnavailable } from '../../../src/redis/connection.ts';
import { auditRecords } from '../../audit/audit-records.ts';
import { staffTest } from './staff.ts';

const test = staffTest();

test('a change by staff is recorded even if what follows it fails', async ({ gateway, staff }) => {
  const { link: redis, settings } = gateway;
  const [actor, target] = [await staff.add('admin'), await staff.add('user')];
  const audit = new RedisAuditLog({ redis, log: createLog('gateway', 'silent'), settings });
  const env = { clientAddress: '127.0.0.1', requestId: 'a request', nowMs: Date.now() };
  const c = { req: { param: () => target.user.id }, env } as unknown as GatewayContext;
  const authorization = { role: 'admin', generation: actor.user.generation } as const;
  const checkAgain = async () => undefined;
  const who = { claims: actor.claims, kid: () => '', authorization, wasComplete: true, checkAgain };
  const action = {
    action: 'password_reset_ask',
    change: () => ({ set: { passwordHash: 'another' } }),
    follow: async () => {
      throw new RedisUnavailable('there is no reply');
    },
  } as const;
  await expect(runAdminAction({ redis, audit }, c, who, action)).rejects.toThrow('there is no reply');
  expect((await staff.find(target.user.id)).passwordHash).toBe('another');
  expect((await auditRecords(redis)).at(-1)).toMatchObject({
    action: 'password_reset_ask',
    result: 'done',
    actor: actor.user.id,
    subject: target.user.id,
  });
});
