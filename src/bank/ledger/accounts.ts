import { randomBytes } from 'node:crypto';
import { accountKey, balancesKey, generatedAccountsKey, ownerAccountsKey } from '../../redis/keys.ts';
import { defineScript, runScript } from '../../redis/scripts.ts';
import type { RedisStore } from '../../redis/store.ts';
import type { Account } from '../schemas.ts';

/** KEYS: account, owner's accounts, balances, generated accounts. Returns 1 when the account is new. */
const OPEN_ACCOUNT = defineScript(
  'ledger-open-account',
  `
local id, owner, name, currency, opening, opened, now, generated = unpack(ARGV)
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
requireType('set', KEYS[2])
requireType('list', KEYS[4])
redis.call('XADD', KEYS[3], now .. '-*', 'balanceMinor', opening)
redis.call('HSET', KEYS[1], 'owner', owner, 'name', name, 'currency', currency,
  'balanceMinor', opening, 'openingBalanceMinor', opening, 'opened', opened)
redis.call('SADD', KEYS[2], id)
if generated == '1' then redis.call('RPUSH', KEYS[4], id) end
return 1
`,
);

interface NewAccount {
  /** Opaque. Defaults to 128 random bits in base64url. */
  id?: string;
  /** The owner's user id, the `sub` of their tokens. */
  ownerId: string;
  /** The account holder's name, which the other side of a transfer sees. */
  name: string;
  /** ISO 4217. */
  currency: string;
  openingBalanceMinor: number;
  /** Whether the generator posts demo transactions to it. */
  generated: boolean;
}

/**
 * Opens an account and returns it. An existing account with the same id is left unchanged and returned instead.
 * @throws {RangeError} when the opening balance is not a whole number from 0.
 * @throws {RedisUnavailable}
 */
export async function openAccount(link: RedisStore, account: NewAccount, nowMs: number): Promise<Account> {
  const { id = randomBytes(16).toString('base64url'), ownerId, name, currency } = account;
  const opening = account.openingBalanceMinor;
  if (!Number.isSafeInteger(opening) || opening < 0)
    throw new RangeError('the opening balance is out of range');
  const openedAt = new Date(nowMs).toISOString();
  const isNew = await runScript(
    link,
    OPEN_ACCOUNT,
    [accountKey(id), ownerAccountsKey(ownerId), balancesKey(id), generatedAccountsKey()],
    [id, ownerId, name, currency, String(opening), openedAt, String(nowMs), account.generated ? '1' : '0'],
  );
  const opened = { id, ownerId, name, currency, balanceMinor: opening, openedAt };
  return isNew === 1 ? opened : ((await readAccount(link, id)) ?? opened);
}

/** The account, or undefined if it does not exist. @throws {RedisUnavailable} */
export async function readAccount(link: RedisStore, id: string): Promise<Account | undefined> {
  return accountFrom(id, await link.runFor(accountKey(id), (client) => client.hGetAll(accountKey(id))));
}

/** An owner's accounts, oldest first. @throws {RedisUnavailable} */
export async function accountsOf(link: RedisStore, ownerId: string): Promise<Account[]> {
  const ids = await link.runFor(ownerAccountsKey(ownerId), (client) =>
    client.sMembers(ownerAccountsKey(ownerId)),
  );
  const found = await Promise.all(ids.map((id) => readAccount(link, id)));
  return found
    .filter((account) => account !== undefined)
    .sort((a, b) => a.openedAt.localeCompare(b.openedAt) || a.id.localeCompare(b.id));
}

function accountFrom(id: string, fields: Record<string, string>): Account | undefined {
  const { owner, name, currency, balanceMinor, opened } = fields;
  if (owner === undefined || name === undefined || currency === undefined || opened === undefined)
    return undefined;
  return { id, ownerId: owner, name, currency, balanceMinor: Number(balanceMinor), openedAt: opened };
}
