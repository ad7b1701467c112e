import { spawnSync } from 'node:child_process';
import { test as base, expect } from 'vitest';
import { startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { type LogLine, recordedLog } from '../../support/recorded-log.ts';
import { until } from '../../support/until.ts';

const test = base
  .extend('recorded', { scope: 'file' }, () => recordedLog())
  .extend('gateway', { scope: 'file' }, async ({ recorded }, { onCleanup }): Promise<TestGateway> => {
    const gateway = await startTestGateway({}, recorded.log);
    onCleanup(() => gateway.close());
    return gateway;
  })
  .extend('requestsTo', ({ recorded }) => (path: string): LogLine[] => {
    return recorded.lines.filter((line) => line.path === path);
  });

/** Sends a request and resets the connection. */
const SEND_AND_RESET = `
const socket = require('node:net').connect(process.argv[1], '127.0.0.1', () =>
  socket.write(process.argv[2], () => socket.resetAndDestroy()));`;

test('a request on a connection that was reset before it was accepted is not handled, because its address is not known', async ({
  gateway,
  requestsTo,
}) => {
  const head = `GET /gone HTTP/1.1\r\nHost: ${new URL(gateway.url).host}\r\n\r\n`;
  const script = ['-e', SEND_AND_RESET, new URL(gateway.url).port, head];
  // The gateway runs in this process, so it accepts nothing meanwhile.
  expect(spawnSync(process.execPath, script).status).toBe(0);
  for (const path of ['/first', '/second']) {
    await fetch(gateway.url + path);
    await until(() => requestsTo(path).length === 1);
  }
  expect(requestsTo('/gone')).toEqual([]);
});
