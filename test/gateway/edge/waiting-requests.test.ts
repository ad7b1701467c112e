import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { Connections } from '../../../src/gateway/edge/connections.ts';
import { limitPipelining } from '../../../src/gateway/edge/pipelining.ts';
import { createLog } from '../../../src/log.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';

test('more than 64 requests that wait at once close the connection, and none of them is handled', async () => {
  const log = createLog('gateway', 'silent');
  const connections = new Connections({ max: 10, maxPerNetwork: 10, trustedProxies: [], log });
  const handled: string[] = [];
  const server = createServer();
  server.on('connection', (socket) => connections.add(socket));
  server.on(
    'request',
    limitPipelining(connections, 2, ({ url = '' }) => void handled.push(url)),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const requests = Array.from({ length: 2 + 65 }, (_, i) => rawRequest(`GET /${i}`));
  const connection = new RawConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  connection.send(requests.join(''));
  await connection.untilClosed();
  expect(handled).toEqual(['/0', '/1']);
  server.close();
});
