import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { AUDIT_LOGS } from '../../src/audit/logs.ts';
import { oldestFirst } from '../../src/audit/records.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { readNewestFirst } from '../../src/bank/ledger/entries.ts';
import { accountKey, transactionsKey } from '../../src/redis/keys.ts';
import type { RedisStore } from '../../src/redis/store.ts';
import type { SoakContext } from '../driver/soak-context.ts';
import type { AuditedAction } from '../model/audit.ts';
import { type LedgerAccount, moneyFaults } from '../model/money.ts';

const BATCH = 1000;

const auditedAction = z.object({
  action: z.string(),
  result: z.string(),
  session: z.string().optional(),
  subject: z.string().optional(),
});

/** Compares what Redis holds at the end with what was acknowledged. @returns what is wrong, as sentences */
export async function inspect({ world, transfers, acknowledged }: SoakContext): Promise<string[]> {
  const { redis, people, topology } = world;
  const accounts: LedgerAccount[] = [];
  for (const { account } of people.customers) accounts.push(await ledgerAccount(redis, account));
  const money = moneyFaults(transfers.values(), accounts, { mayLose: topology.statedLoss?.money });
  const chain: string[] = [];
  const records: AuditedAction[] = [];
  for (const log of AUDIT_LOGS) {
    const { fault } = await verifyAudit(redis, log);
    // A record that was not acknowledged may be missing. Those that were are looked for one by one.
    const mayBeGap = fault?.what === 'removed' && topology.statedLoss !== undefined;
    if (fault !== undefined && !mayBeGap)
      chain.push(`audit log ${log}: record ${fault.seq} was ${fault.what}`);
    for await (const { text } of oldestFirst(redis, log)) records.push(auditedAction.parse(JSON.parse(text)));
  }
  for (const file of world.logFiles) records.push(...(await recordsInLog(file)));
  if (topology.statedLoss?.audit) return [...money, ...chain];
  return [...money, ...chain, ...acknowledged.missingFrom(records)];
}

const unkeptRecord = z.object({ event: z.literal('audit_not_kept'), record: auditedAction });

/** The records of revocations that Redis could not store. A gateway writes them to its log instead. */
async function recordsInLog(file: string): Promise<AuditedAction[]> {
  const records: AuditedAction[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (!line.includes('audit_not_kept')) continue;
    const { success, data } = unkeptRecord.safeParse(parseLine(line));
    if (success) records.push(data.record);
  }
  return records;
}

/** Undefined for a line that a kill has cut off. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function ledgerAccount(redis: RedisStore, id: string): Promise<LedgerAccount> {
  const fields = await redis.runFor(accountKey(id), (client) => client.hGetAll(accountKey(id)));
  const transactions: LedgerAccount['transactions'][number][] = [];
  for (let newest = '+'; ; ) {
    const entries = await readNewestFirst(redis, transactionsKey(id), newest, '-', BATCH);
    for (const { message } of entries)
      transactions.push({
        mark: message.description ?? '',
        direction: message.direction === 'debit' ? 'debit' : 'credit',
        amountMinor: Number(message.amountMinor),
      });
    const last = entries.at(-1);
    if (last === undefined || entries.length < BATCH) break;
    newest = `(${last.id}`;
  }
  return {
    id,
    openingMinor: Number(fields.openingBalanceMinor),
    balanceMinor: Number(fields.balanceMinor),
    transactions,
  };
}
