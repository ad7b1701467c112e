import { randomInt } from 'node:crypto';
import type { Logger } from '../../log.ts';
import type { RedisLink } from '../../redis/connection.ts';
import { generatedAccountsKey, generatorTurnKey, generatorTurnsKey } from '../../redis/keys.ts';
import { defineScript, runScript } from '../../redis/scripts.ts';
import { Refusal } from '../../refusal.ts';
import { type LedgerOptions, type Leg, post } from '../ledger/post.ts';
import { repeatableRandom } from './random.ts';
import { VENDORS } from './vendors.ts';

/** Generated amounts are under 300.00. */
const AMOUNT_UNDER_MINOR = 30_000;

/** The part of an interval for which a turn is taken: less than all of it, so that the next tick isn't late for it. */
const TURN_PART = 0.9;

/**
 * KEYS: turn, turns, generated accounts. ARGV: for how long the turn is taken (ms). Answers the number of the turn
 * and the accounts, or nothing when another process has this turn or there are no accounts.
 */
const TAKE_TURN = defineScript(
  'generator-take-turn',
  `
local accounts = redis.call('LRANGE', KEYS[3], 0, -1)
if #accounts == 0 or not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return {} end
table.insert(accounts, 1, tostring(redis.call('INCR', KEYS[2])))
return accounts
`,
);

export interface GeneratorOptions extends LedgerOptions {
  /** Between two turns; 0 for none at all. */
  intervalMs: number;
  /** The same seed on an empty ledger gives the same transactions; without one they are different each time. */
  seed: number | undefined;
}

export interface Generator {
  /** Ends it, after the turn that is under way. */
  stop(): Promise<void>;
}

/**
 * Posts one random transaction to each generated account at a fixed interval. Of several banks on one Redis one
 * posts at a time. A turn that fails is skipped; the next one is tried as if nothing had been.
 */
export function startGenerator(
  link: RedisLink,
  options: GeneratorOptions,
  log: Logger,
  now: () => number,
): Generator {
  if (options.intervalMs === 0) return { stop: () => Promise.resolve() };
  const seed = options.seed ?? randomInt(2 ** 32);
  let turn: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    turn ??= takeTurn(link, { ...options, seed }, now())
      .catch((err) =>
        log.warn({ event: 'generator_turn_skipped', err }, 'a turn of the generator was skipped'),
      )
      .finally(() => {
        turn = undefined;
      });
  }, options.intervalMs);
  return {
    async stop() {
      clearInterval(timer);
      await turn;
    },
  };
}

/** Takes this interval's turn if nobody has, and posts. Gives how many transactions. @throws {RedisUnavailable} */
export async function takeTurn(
  link: RedisLink,
  options: GeneratorOptions & { seed: number },
  nowMs: number,
): Promise<number> {
  const takenForMs = Math.max(1, Math.floor(options.intervalMs * TURN_PART));
  const keys = [generatorTurnKey(), generatorTurnsKey(), generatedAccountsKey()];
  const [turn, ...accountIds] = (await runScript(link, TAKE_TURN, keys, [String(takenForMs)])) as string[];
  const legs = accountIds.map((id, rank) =>
    generatedLeg(id, repeatableRandom(options.seed, Number(turn), rank)),
  );
  const posted = await Promise.all(legs.map((leg) => post(link, { legs: [leg] }, options, nowMs)));
  return posted.filter((outcome) => !(outcome instanceof Refusal)).length;
}

/** A debit or a credit with one of the vendors. Nothing else than `random` decides which. */
export function generatedLeg(accountId: string, random: () => number): Leg {
  const vendor = VENDORS[Math.floor(random() * VENDORS.length)] ?? VENDORS[0];
  if (vendor === undefined) throw new Error('there are no vendors');
  const direction = random() < 0.5 ? 'debit' : 'credit';
  const amountMinor = 1 + Math.floor(random() * (AMOUNT_UNDER_MINOR - 1));
  const { name: counterparty, type, purchase } = vendor;
  const description = direction === 'debit' ? purchase : `Refund: ${purchase}`;
  return { accountId, direction, amountMinor, type, counterparty, description };
}
