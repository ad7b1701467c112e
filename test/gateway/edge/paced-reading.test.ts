import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Connection } from '../../../src/gateway/edge/connections.ts';
import { readInSlices } from '../../../src/gateway/edge/paced-reading.ts';
import { ReadTurns } from '../../../src/gateway/turns/read-turns.ts';
import { rawRequest } from '../../support/raw-http.ts';
import { until } from '../../support/until.ts';

const BODY_BYTES = 2 * 1024 * 1024;

test('while 600 other connections wait all the time, a body is read completely, at most two chunks in each of its turns', async () => {
  const turns = new ReadTurns();
  let turnsOfOthers = 0;
  let isOver = false;
  const waitAgain = (): void => {
    turnsOfOthers += 1;
    if (!isOver) turns.wait('others', waitAgain);
  };
  for (let n = 0; n < 600; n += 1) turns.wait('others', waitAgain);
  while (turns.take(65_536) === 'now');

  let received = 0;
  let turnsBefore = 0;
  const server = createServer((incoming, outgoing) => {
    turnsBefore = turnsOfOthers;
    incoming.on('data', ({ length }: Buffer) => {
      received += length;
    });
    incoming.on('end', () => void outgoing.end('read'));
  });
  server.on('connection', (socket) => {
    readInSlices({ socket, waiting: [], received: 0, networks: ['own'] } as unknown as Connection, turns);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write(rawRequest('POST /', `Content-Length: ${BODY_BYTES}`, 'Connection: close'));
  client.write(Buffer.alloc(BODY_BYTES));
  let response = '';
  client.on('data', (data) => {
    response += data;
  });
  await until(() => response.endsWith('read\r\n0\r\n\r\n') || response.endsWith('read'));

  isOver = true;
  expect(received).toBe(BODY_BYTES);
  expect(turnsOfOthers - turnsBefore).toBeGreaterThanOrEqual(BODY_BYTES / 65_536 / 2 - 1);
  client.destroy();
  server.close();
});

test('what arrives while an earlier chunk waits is parsed after it, even if the socket is resumed at that moment', async () => {
  const parsed: string[] = [];
  const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  socket.on('data', (chunk: Buffer) => parsed.push(chunk.toString()));
  const waiting: object[] = [];
  const connection = { socket, waiting, received: 0, networks: ['own'] } as unknown as Connection;
  readInSlices(connection, new ReadTurns());
  await nextTurn();

  waiting.push({});
  socket.push('first ');
  await nextTurn();
  expect(socket.isPaused()).toBe(true);
  expect(parsed).toEqual([]);
  // The stream announces the second chunk in a later tick, and is flowing again by then.
  socket.push('second ');
  waiting.pop();
  socket.resume();
  socket.push('third');
  await until(() => parsed.join('').length === 'first second third'.length);
  expect(parsed.join('')).toBe('first second third');
});
