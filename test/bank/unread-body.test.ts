import { expect } from 'vitest';
import { RawConnection, rawProblemOf, rawRequest } from '../support/raw-http.ts';
import { bankTest } from './bank-under-test.ts';

const BODY_BYTES = 1024 * 1024;
const test = bankTest({ BANK_BODY_MAX_BYTES: '1024' })
  .extend('head', ({ bank, path }) => {
    const token = bank.assertion('bob', `${path}/transfers`, { htm: 'POST' });
    const authorization = `Authorization: Bearer ${token}`;
    return (...more: string[]): string =>
      rawRequest(
        `POST ${path}/transfers`,
        authorization,
        'Content-Type: application/json',
        'Idempotency-Key: key-1',
        ...more,
      );
  })
  .extend('connection', async ({ bank }, { onCleanup }): Promise<RawConnection> => {
    const connection = new RawConnection(bank.url);
    onCleanup(() => connection.destroy());
    return connection;
  });

const TOO_LARGE = { status: 413, code: 'body_too_large' };

test('a body that is too large is read to its end, and its connection serves the next request', async ({
  connection,
  head,
}) => {
  connection.send(head(`Content-Length: ${BODY_BYTES}`));
  for (let sent = 0; sent < BODY_BYTES; sent += 65_536) connection.send('x'.repeat(65_536));
  const refused = await connection.response();
  expect(rawProblemOf(refused)).toEqual(TOO_LARGE);
  const next = await connection.send(rawRequest('GET /livez')).response();
  expect(next.status).toBe(200);
});

test('a body that is too large and never ends is a 413 that closes the connection', async ({
  connection,
  head,
}) => {
  connection.send(`${head('Transfer-Encoding: chunked')}800\r\n${'x'.repeat(0x800)}\r\n`);
  const refused = await connection.response();
  expect(rawProblemOf(refused)).toEqual(TOO_LARGE);
  expect(refused.headers.connection).toEqual(['close']);
  await connection.untilClosed();
});

test('a body that is too large and was not asked for with 100 is a 413 that closes the connection', async ({
  connection,
  head,
}) => {
  connection.send(head(`Content-Length: ${BODY_BYTES}`, 'Expect: 100-continue'));
  const refused = await connection.response();
  expect(rawProblemOf(refused)).toEqual(TOO_LARGE);
  expect(refused.headers.connection).toEqual(['close']);
});
