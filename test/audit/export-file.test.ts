import { expect } from 'vitest';
import { hashOf } from '../../src/audit/chain.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { checkpointOf, exportRecords } from '../../src/audit/export/export.ts';
import { checkpointLine, verifyExport } from '../../src/audit/export/file.ts';
import { CHECKPOINT_TYPE, signCheckpoint } from '../../src/jwt/audit-checkpoint.ts';
import { signResetToken } from '../../src/jwt/reset-token.ts';
import { type KeyRing, keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import { auditTest } from './audit-store.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const LOGIN: AuditEvent = { action: 'login', result: 'done', actor: 'bob', role: 'user' };
const BLOCK: AuditEvent = { action: 'user_block', result: 'done', actor: 'ada', role: 'admin' };

const test = auditTest
  .extend('ring', { scope: 'file' }, async (): Promise<KeyRing> => keyRingFromPem(await makeKeyPem()))
  /** The lines of an export of two records of staff and three of customers. */
  .extend('lines', async ({ store, ring }): Promise<string[]> => {
    const auditLog = store.open();
    for (const event of [LOGIN, LOGIN, LOGIN, BLOCK, BLOCK]) await auditLog.record(event, NOW_MS);
    const lines: string[] = [];
    const write = async (line: string): Promise<void> => void lines.push(line);
    const now = new Date(NOW_MS);
    const parts = await exportRecords(store.link(), { all: false, write }, now);
    lines.push(
      checkpointLine(await signCheckpoint(ring, checkpointOf(parts, 'http://gateway.example', now))),
    );
    return lines;
  });

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

test('an export is verified without Redis, by its chains and the signature of its checkpoint', async ({
  lines,
  ring,
  store,
}) => {
  expect(await verifyExport(each(lines), ring.jwks)).toMatchObject({
    records: { security: 2, customers: 3 },
    kid: ring.signing.kid,
    checkpoint: {
      iss: 'http://gateway.example',
      iat: NOW_MS / 1000,
      logs: {
        customers: {
          after: { seq: 0 },
          last: { seq: 3, hash: (await store.records('customers')).at(-1)?.hash },
        },
      },
    },
  });
});

test('a checkpoint of another key is refused', async ({ lines }) => {
  const other = await keyRingFromPem(await makeKeyPem());
  expect(await verifyExport(each(lines), other.jwks)).toMatchObject({
    reason: 'export_invalid',
    detail: expect.stringContaining('the checkpoint is not genuine'),
  });
});

test('another token of the gateway is no checkpoint', async ({ lines, ring }) => {
  const claims = { iss: 'x', aud: 'portcullis-password-reset', sub: 'x', jti: 'x', iat: 1, exp: 2 } as const;
  const token = await signResetToken(ring, claims);
  expect(CHECKPOINT_TYPE).toBe('portcullis-audit+jwt');
  const forged = [...lines.slice(0, -1), checkpointLine(token)];
  expect(await verifyExport(each(forged), ring.jwks)).toMatchObject({ reason: 'export_invalid' });
});

const withLine = (at: number, change: (line: string) => string[]) => (lines: string[]) =>
  lines.flatMap((line, index) => (index === at ? change(line) : [line]));

test.for<[string, (lines: string[]) => string[], string]>([
  [
    'an altered record',
    withLine(1, (line) => [line.replace('ada', 'eve')]),
    'record 2 of the security log was altered',
  ],
  [
    'an altered last record with a matching hash',
    withLine(4, (line) => {
      const { log, record } = JSON.parse(line) as { log: string; record: object };
      const altered = { ...record, actor: 'eve' };
      return [JSON.stringify({ log, hash: hashOf(JSON.stringify(altered)), record: altered })];
    }),
    'the records of the customers log are not those of the checkpoint',
  ],
  ['a removed record', withLine(3, () => []), 'record 2 of the customers log was removed'],
  [
    'no first record',
    withLine(0, () => []),
    'the records of the security log are not those of the checkpoint',
  ],
  [
    'no last record',
    withLine(4, () => []),
    'the records of the customers log are not those of the checkpoint',
  ],
  ['no checkpoint', withLine(5, () => []), 'the checkpoint at the end is missing'],
  ['an altered checkpoint', withLine(5, (line) => [line.replace(/..."\}$/, 'AAA"}')]), 'not genuine'],
  ['a record after the checkpoint', withLine(5, (line) => [line, line]), 'lines after the checkpoint'],
  ['a line that is no record', withLine(2, () => ['{}']), 'a line is not a record'],
])('an export with %s is refused', async ([, change, reason], { lines, ring }) => {
  const verified = await verifyExport(each(change(lines)), ring.jwks);
  expect(verified).toMatchObject({ reason: 'export_invalid', detail: expect.stringContaining(reason) });
});
