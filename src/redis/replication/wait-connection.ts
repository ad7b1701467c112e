import { type RedisClient, RedisUnavailable } from '../client.ts';
import { withinDeadline } from '../deadline.ts';

/**
 * Another connection to the server of `source`. An address can lead to another server after a failover, so both are asked
 * which server they are connected to. @throws when it is not the same server, or does not reply within `timeoutMs`
 */
export async function connectBeside(source: RedisClient, timeoutMs: number): Promise<RedisClient> {
  const client = source.duplicate() as RedisClient;
  client.on('error', () => {});
  try {
    await withinDeadline(timeoutMs, tooSlow, async () => {
      await client.connect();
      const [one, other] = await Promise.all([runIdOf(source), runIdOf(client)]);
      if (one !== other) throw new RedisUnavailable('the address leads to another Redis now');
    });
    return client;
  } catch (fault) {
    if (client.isOpen) client.destroy();
    throw fault;
  }
}

const tooSlow = (): RedisUnavailable => new RedisUnavailable('no connection to wait for replicas on');

async function runIdOf(client: RedisClient): Promise<string> {
  const runId = /^run_id:(\w+)/m.exec(String(await client.info('server')))?.[1];
  if (runId === undefined) throw new RedisUnavailable('Redis does not tell which server it is');
  return runId;
}

/** Whether the primary has synced its append-only file to disk in time. A server that cannot tell counts as synced. */
export async function aofSynced(client: RedisClient, timeoutMs: number): Promise<boolean> {
  try {
    const reply = await client.sendCommand(['WAITAOF', '1', '0', String(timeoutMs)]);
    return Array.isArray(reply) && Number(reply[0]) >= 1;
  } catch (fault) {
    if (isUnknownCommand(fault)) return true;
    throw fault;
  }
}

/** Whether the server has no `WAITAOF`: Redis before 7.2 and Valkey before 8. */
export async function lacksWaitAof(client: RedisClient): Promise<boolean> {
  const reply = await client.sendCommand(['COMMAND', 'INFO', 'WAITAOF']);
  return !Array.isArray(reply) || reply[0] === null;
}

const isUnknownCommand = (fault: unknown): boolean =>
  fault instanceof Error && /^ERR unknown command/.test(fault.message);
