import { randomInt } from 'node:crypto';
import type { Logger } from '../../log.ts';
import { generatedAccountsKey, generatorTurnKey, generatorTurnsKey } from '../../redis/keys.ts';
import { defineScript, runScript } from '../../redis/scripts.ts';
import type { RedisStore } from '../../redis/store.ts';
import { Refusal } from '../../refusal.ts';
import { type LedgerOptions, post } from '../ledger/post.ts';
import { randomLeg, repeatableRandom } from './random-posting.ts';

/** A turn is held for this part of an interval. Less than 1, so that it has expired when the next tick comes. */
const TURN_FRACTION = 0.9;

/**
 * KEYS: turn, turn counter, generated accounts. ARGV: TTL of the turn (ms). Returns the number of the turn and the
 * accounts, or nothing if another process has this turn or there are no accounts.
 */
const TAKE_TURN = defineScript(
  'generator-take-turn',
  `
local accounts = redis.call('LRANGE', KEYS[3], 0, -1)
local turn = string.match(redis.call('GET', KEYS[2]) or '0', '^%d+$') + 1
if #accounts == 0 or not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return {} end
redis.call('SET', KEYS[2], turn)
table.insert(accounts, 1, string.format('%.0f', turn))
return accounts
`,
);

export interface GeneratorOptions extends LedgerOptions {
  /** The time between two turns. 0 turns the generator off. */
  intervalMs: number;
  /** The same seed on an empty ledger gives the same transactions. Defaults to a random seed. */
  seed: number | undefined;
}

export interface Generator {
  /** Stops after the current turn. */
  stop(): Promise<void>;
}

/**
 * Posts one random transaction to each generated account at a fixed interval. If several banks share a Redis, one of
 * them posts per interval. A turn that fails is skipped.
 */
export function startGenerator(
  link: RedisStore,
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

/**
 * Takes this interval's turn, unless another process has taken it, and posts.
 * @returns the number of transactions @throws {RedisUnavailable}
 */
export async function takeTurn(
  link: RedisStore,
  options: GeneratorOptions & { seed: number },
  nowMs: number,
): Promise<number> {
  const turnTtlMs = Math.max(1, Math.floor(options.intervalMs * TURN_FRACTION));
  const keys = [generatorTurnKey(), generatorTurnsKey(), generatedAccountsKey()];
  const [turn, ...accountIds] = (await runScript(link, TAKE_TURN, keys, [String(turnTtlMs)])) as string[];
  const legs = accountIds.map((id, rank) =>
    randomLeg(id, repeatableRandom(options.seed, Number(turn), rank)),
  );
  const posted = await Promise.all(legs.map((leg) => post(link, { legs: [leg] }, options, nowMs)));
  return posted.filter((outcome) => !(outcome instanceof Refusal)).length;
}
