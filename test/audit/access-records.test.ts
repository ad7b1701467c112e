import { describe, expect } from 'vitest';
import { announceRecord } from '../../src/audit/announcements.ts';
import { chainRecords, START_OF_CHAIN } from '../../src/audit/chain.ts';
import { auditChannel, auditKey } from '../../src/redis/keys.ts';
import { gatewayTest, logInAs } from '../support/fixtures.ts';
import { postJson, startTestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';
import { startUpstream } from '../support/upstream.ts';
import { type AuditRecord, auditRecords } from './audit-records.ts';
import { capturingLog } from './audit-store.ts';

const test = gatewayTest()
  .extend('bob', { scope: 'file' }, ({ gateway }) => logInAs(gateway, 'bob'))
  .extend('transfers', ({ gateway }) => async (): Promise<AuditRecord[]> => {
    const records = await auditRecords(gateway.link, 'customers');
    return records.filter(({ action }) => action === 'transfer');
  });

const TRANSFER = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ to: 'somebody', amountMinor: 1 }),
};

describe('a transfer', () => {
  test.for<[status: number, result: string]>([
    [201, 'done'],
    [422, 'refused'],
    [500, 'unknown'],
  ])(
    'that the upstream answers with %i is recorded as %s, with actor, account and status',
    async ([status, result], { gateway, upstream, bob, transfers }) => {
      const before = (await transfers()).length;
      upstream.respondWith((_incoming, outgoing) => outgoing.writeHead(status).end('{}'));
      const response = await bob.request('/bank/accounts/A-1/transfers', TRANSFER);
      expect(response.status).toBe(status);
      await until(async () => (await transfers()).length > before);
      expect((await transfers()).slice(before)).toMatchObject([
        {
          result,
          status,
          actor: bob.claims.sub,
          role: 'user',
          account: 'A-1',
          session: bob.claims.sid,
          address: '127.0.0.1',
          requestId: response.headers.get('x-request-id'),
        },
      ]);
      expect(JSON.stringify(await auditRecords(gateway.link))).not.toContain('somebody');
    },
  );

  test('without a response of the upstream is recorded as unknown', async ({ upstream, bob, transfers }) => {
    const before = (await transfers()).length;
    upstream.respondWith((incoming) => incoming.socket.destroy());
    expect((await bob.request('/bank/accounts/A-1/transfers', TRANSFER)).status).toBe(502);
    await until(async () => (await transfers()).length > before);
    expect((await transfers()).at(-1)).toMatchObject({ result: 'unknown', status: 502, account: 'A-1' });
  });

  test('from something that cannot be an account number is recorded without it', async ({
    upstream,
    bob,
    transfers,
  }) => {
    const before = (await transfers()).length;
    upstream.respondWith((_incoming, outgoing) => outgoing.writeHead(404).end());
    await bob.request('/bank/accounts/%3Cscript%3E/transfers', TRANSFER);
    await until(async () => (await transfers()).length > before);
    const last = (await transfers()).at(-1);
    expect(last).toMatchObject({ result: 'refused', status: 404 });
    expect(last).not.toHaveProperty('account');
  });
});

test('a transfer that cannot be recorded succeeds, and the log has the record', async () => {
  const { log, lines } = capturingLog();
  const upstream = await startUpstream((_incoming, outgoing) => outgoing.writeHead(201).end('{}'));
  const gateway = await startTestGateway({ BANK_URL: upstream.url }, log);
  const bob = await logInAs(gateway, 'bob');
  const key = auditKey('customers');
  await gateway.link.run((client) => client.multi().del(key).set(key, 'no stream').exec());
  expect((await bob.request('/bank/accounts/A-1/transfers', TRANSFER)).status).toBe(201);
  const notKept = () => lines.find(({ event }) => event === 'audit_not_kept');
  await until(() => notKept() !== undefined);
  expect(notKept()).toMatchObject({ record: { action: 'transfer', result: 'done', account: 'A-1' } });
  await gateway.close();
  await upstream.close();
});

/** The records of both logs after a gateway has been stopped, which writes the summaries. */
async function recordsAtEnd(
  work: (gateway: Awaited<ReturnType<typeof startTestGateway>>) => Promise<void>,
): Promise<Record<string, unknown>[]> {
  const { log, lines } = capturingLog();
  const upstream = await startUpstream();
  const gateway = await startTestGateway({ BANK_URL: upstream.url }, log);
  await work(gateway);
  await gateway.close();
  await upstream.close();
  const written = lines.filter(({ event }) => event === 'audit');
  return written.map(({ log: name, record }) => ({ log: name, ...(record as object) }));
}

test("staff's reads of customers' accounts are recorded with the accounts, and customers' reads are not", async () => {
  const records = await recordsAtEnd(async (gateway) => {
    const [bob, sam] = [await logInAs(gateway, 'bob'), await logInAs(gateway, 'sam')];
    for (const account of ['A-1', 'A-2']) {
      expect((await bob.request(`/bank/accounts/${account}`)).status).toBe(200);
      expect((await sam.request(`/bank/accounts/${account}`)).status).toBe(200);
    }
  });
  const reads = records.filter(({ action }) => action === 'account_read');
  expect(reads).toMatchObject([
    {
      log: 'security',
      role: 'supervisor',
      count: 2,
      detail: expect.stringMatching(/^2 reads of \/accounts\/\* between .*: A-1 A-2$/),
    },
  ]);
});

test('reads of the audit log are recorded', async () => {
  const records = await recordsAtEnd(async (gateway) => {
    const ada = await logInAs(gateway, 'ada');
    for (let i = 0; i < 3; i += 1) expect((await ada.request('/admin/audit')).status).toBe(200);
  });
  expect(records.at(-1)).toMatchObject({ log: 'security', action: 'audit_read', role: 'admin', count: 3 });
});

test('a read by a customer costs no audit command in Redis', async ({ gateway, upstream, bob }) => {
  upstream.respondWith((_incoming, outgoing) => outgoing.end('{}'));
  const before = (await auditRecords(gateway.link)).length;
  for (let i = 0; i < 20; i += 1) expect((await bob.request('/bank/accounts')).status).toBe(200);
  expect(await auditRecords(gateway.link)).toHaveLength(before);
});

test('a session that two concurrent logouts end is recorded as ended once', async ({ gateway }) => {
  const alice = await logInAs(gateway, 'alice');
  await Promise.all(Array.from({ length: 10 }, () => alice.logOut()));
  const records = await auditRecords(gateway.link, 'customers');
  expect(
    records.filter(({ action, session }) => action === 'logout' && session === alice.claims.sid),
  ).toHaveLength(1);
});

test('a password reset for an unknown user is in the log and writes no record', async () => {
  const { log, lines } = capturingLog();
  const gateway = await startTestGateway({ MAIL_TO_LOG: 'on' }, log);
  const ask = await postJson(`${gateway.url}/auth/password-reset`, { username: 'nobody-at-all' });
  expect(ask.status).toBe(202);
  await until(() => lines.some(({ event }) => event === 'reset_for_nobody'));
  expect(await auditRecords(gateway.link)).toEqual([]);
  await gateway.close();
});

test('ending no session, a thousand times, writes no record', async ({ gateway, bob }) => {
  const before = (await auditRecords(gateway.link)).length;
  const end = () => bob.request('/auth/sessions?keep=current', { method: 'DELETE' });
  await end();
  const after = (await auditRecords(gateway.link)).length;
  expect(after - before).toBeLessThanOrEqual(1);
  for (let i = 0; i < 20; i += 1)
    for (const response of await Promise.all(Array.from({ length: 50 }, end)))
      expect(await response.json()).toEqual({ ended: 0 });
  expect(await auditRecords(gateway.link)).toHaveLength(after);
});

test('a record of the command line is in the log of each gateway', async () => {
  const { log, lines } = capturingLog();
  const gateway = await startTestGateway({}, log);
  const event = { action: 'key_add', result: 'done', actor: 'operator' } as const;
  const [record] = chainRecords(START_OF_CHAIN, [{ event, nowMs: Date.now() }]);
  if (record === undefined) throw new Error('no record');
  const announced = () => lines.filter(({ event: name }) => name === 'audit_announced');
  await until(async () => {
    await announceRecord(gateway.link, record);
    return announced().length > 0;
  });
  expect(announced()[0]).toMatchObject({ record: { action: 'key_add', seq: 1 }, hash: record.hash });
  await announceRecord(gateway.link, { ...record, hash: 'f'.repeat(64) });
  await until(() => lines.some(({ event: name }) => name === 'audit_announcement_invalid'));
  await gateway.close();
});

test('a flood on the channel of the command line does not flood the log of a gateway', async () => {
  const { log, lines } = capturingLog();
  const gateway = await startTestGateway({}, log);
  const heard = () => lines.filter(({ event: name }) => name === 'audit_announcement_invalid').length;
  const publish = () => gateway.link.run((client) => client.publish(auditChannel(), 'rubbish'));
  await until(async () => (await publish()) > 0);
  for (let i = 0; i < 1000; i += 1) await publish();
  await until(() => heard() === 300);
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  expect(heard()).toBe(300);
  await gateway.close();
});
