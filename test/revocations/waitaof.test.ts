import { expect } from 'vitest';
import { ReplicaConfirmation } from '../../src/redis/replication/confirmation.ts';
import { lacksWaitAof } from '../../src/redis/replication/wait-connection.ts';
import { capturingLog } from '../audit/audit-store.ts';
import { redisTest as test } from '../support/fixtures.ts';
import { until } from '../support/until.ts';

const MARKER = 'marker:{u}';

const open = () => {
  const { log, lines } = capturingLog();
  const options = { what: 'revocation', replicas: 0, aof: true, timeoutMs: 3000, log } as const;
  return { confirmation: new ReplicaConfirmation(options), lines };
};

test('a server without WAITAOF is warned of by name, and its writes are not held up', async ({
  link,
  skip,
}) => {
  if (!(await link.run(lacksWaitAof))) skip();
  const { confirmation, lines } = open();
  await link.run(async (client) => {
    confirmation.prepare(client);
    await confirmation.confirm(client, MARKER);
  });
  await until(() => lines.some(({ event }) => event === 'waitaof_unknown'));
  confirmation.close();
});

test('a server with WAITAOF whose append-only file is off confirms nothing, until it is on', async ({
  link,
  skip,
}) => {
  if (await link.run(lacksWaitAof)) skip();
  const { confirmation } = open();
  const confirm = () => link.run(async (client) => confirmation.confirm(client, MARKER));
  await expect(confirm()).rejects.toMatchObject({ code: 'redis_unavailable' });
  await link.run((client) => client.configSet('appendonly', 'yes'));
  await until(() =>
    confirm().then(
      () => true,
      () => false,
    ),
  );
  confirmation.close();
});
