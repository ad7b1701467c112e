import { randomUUID } from 'node:crypto';
import type { RedisClient } from '../../redis/connection.ts';
import { evalScript } from '../../redis/scripts.ts';
import type { JournalEntry, RevocationJournal } from './journal.ts';
import { REPLAY_REVOCATIONS, replayCall } from './replay-script.ts';

/** How many users are sent to Redis at a time. The first goes alone, so that the server has the script afterwards. */
const PIPELINED = 500;

/**
 * Names the server behind a connection: it changes when the server restarts, and when a replica becomes the primary.
 * Without the right to use `INFO`, each connection counts as another server.
 */
export async function identityOf(client: RedisClient): Promise<string> {
  const info = await infoOf(client);
  const runId = /^run_id:(\w+)/m.exec(info)?.[1];
  const replicationId = /^master_replid:(\w+)/m.exec(info)?.[1];
  return runId && replicationId ? `${runId} ${replicationId}` : randomUUID();
}

async function infoOf(client: RedisClient): Promise<string> {
  try {
    return String(await client.sendCommand(['INFO', 'server', 'replication']));
  } catch (fault) {
    if (fault instanceof Error && fault.message.startsWith('NOPERM')) return '';
    throw fault;
  }
}

/**
 * Applies what the journal has, and the server has not been sent before, over a connection that nothing else uses yet.
 * Users whose slot is at another node of a Cluster are left out. Returns how many entries were applied. What was applied
 * before a failure is not sent again by the next attempt. @throws when the server refuses or the connection is lost
 */
export async function replayJournal(
  client: RedisClient,
  journal: RevocationJournal,
  server: string,
): Promise<number> {
  const users = [...journal.notAppliedTo(server)];
  let count = 0;
  for (let from = 0; from < users.length; from += from === 0 ? 1 : PIPELINED) {
    const batch = users.slice(from, from === 0 ? 1 : from + PIPELINED);
    const counts = await Promise.all(batch.map((user) => replayUser(client, user, server)));
    count += counts.reduce((sum, one) => sum + one, 0);
  }
  return count;
}

/** Applies entries of one user. Returns how many: none if another node of the Cluster has the user. @throws as Redis does */
export async function replayUser(
  client: RedisClient,
  [user, entries]: readonly [string, readonly JournalEntry[]],
  server: string,
): Promise<number> {
  const { keys, args } = replayCall(
    user,
    entries.map(({ entry }) => entry),
  );
  try {
    await evalScript(client, REPLAY_REVOCATIONS, keys, args);
  } catch (fault) {
    if (fault instanceof Error && /^(?:MOVED|ASK) /.test(fault.message)) return 0;
    throw fault;
  }
  for (const one of entries) one.appliedTo = server;
  return entries.length;
}
