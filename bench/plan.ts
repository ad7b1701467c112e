import type { Contestant } from './contestant.ts';
import { GATEWAY, GATEWAY_DPOP, GATEWAY_MEMO, GATEWAYS } from './gateway/contestants.ts';
import { PEERS } from './peers/list.ts';
import { CACHE_DIRECTORY } from './setup/directories.ts';

/** What a run can measure. */
export const PARTS = ['closed', 'open', 'mix', 'gc', 'profile', 'sizing', 'calm'] as const;
export type Part = (typeof PARTS)[number];

/** All that can be compared, in the order of the tables. */
export const CONTESTANTS: readonly Contestant[] = [...GATEWAYS, ...PEERS];

/** Every contestant is measured with these numbers of sessions. */
export const MAIN_SESSIONS: readonly number[] = [64, 40_000];
export const ALL_SESSIONS: readonly number[] = [64, 4000, 8000, 40_000, 1_000_000];
/** These are measured with all numbers of sessions. */
const WITH_ALL_SESSIONS: ReadonlySet<string> = new Set([
  GATEWAY,
  GATEWAY_MEMO,
  'fastify',
  'fastify-cached',
  'nginx',
]);
/** These remember tokens that they have verified, or keys, so every session has to have had a turn before they are measured. */
const WITH_CACHE: ReadonlySet<string> = new Set([GATEWAY_MEMO, GATEWAY_DPOP, 'fastify-cached']);
/** A complete run measures latencies and other requests of these only, because it may not take much longer. */
const WITH_ALL_PARTS: ReadonlySet<string> = new Set([GATEWAY, 'nginx', 'go', 'fastify']);
/** What forwarding alone costs needs no better precision. */
const LIMIT_ROUNDS = 3;
/** Server-side sessions, and sessions that are bound to a key, are written for no more than this. */
export const OTHER_SESSIONS_MAX = 40_000;

export interface Plan {
  readonly contestants: readonly Contestant[];
  readonly sessions: readonly number[];
  readonly parts: ReadonlySet<Part>;
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
  readonly connections: number;
  /** Where signed access tokens are kept for later runs. */
  readonly cacheDirectory: string;
  /** Whether everything is measured, so that the results may replace those in the repository. */
  readonly isComplete: boolean;
}

export interface PlanOptions {
  quick?: boolean | undefined;
  only?: readonly string[] | undefined;
  sessions?: readonly number[] | undefined;
  parts?: readonly Part[] | undefined;
  rounds?: number | undefined;
  windowMs?: number | undefined;
  cache?: string | undefined;
}

export function planOf(options: PlanOptions): Plan {
  const { quick = false, only, sessions, parts, rounds, windowMs, cache = CACHE_DIRECTORY } = options;
  const isComplete =
    !quick && [only, sessions, parts, rounds, windowMs].every((option) => option === undefined);
  return {
    contestants: CONTESTANTS.filter(({ id }) => only === undefined || only.includes(id)),
    sessions: [...(sessions ?? (quick ? MAIN_SESSIONS : ALL_SESSIONS))].sort((a, b) => a - b),
    parts: new Set(parts ?? (quick ? ['closed'] : PARTS)),
    rounds: rounds ?? (quick ? 3 : 7),
    warmUpMs: Math.min(windowMs ?? 1000, 1000),
    windowMs: windowMs ?? 800,
    connections: 64,
    cacheDirectory: cache,
    isComplete,
  };
}

export const hasCache = ({ id }: Contestant): boolean => WITH_CACHE.has(id);

/** In how many rounds of the closed loop a contestant is measured. */
export const roundsFor = ({ rounds }: Plan, { kind }: Contestant): number =>
  kind === 'limit' ? Math.min(rounds, LIMIT_ROUNDS) : rounds;

/** Those whose latencies at constant rates and other requests are measured. */
export const forAllParts = ({ isComplete }: Plan, contestants: readonly Contestant[]): Contestant[] =>
  contestants.filter(
    ({ id, credential, kind }) =>
      (!isComplete || WITH_ALL_PARTS.has(id)) && credential === 'token' && kind !== 'limit',
  );

/** With which numbers of sessions a contestant is measured. */
export function sessionsFor(
  { sessions, isComplete }: Plan,
  { id, credential }: Contestant,
): readonly number[] {
  const isMeasured = (count: number): boolean =>
    (!isComplete || WITH_ALL_SESSIONS.has(id) || MAIN_SESSIONS.includes(count)) &&
    (credential === 'token' || credential === 'none' || count <= OTHER_SESSIONS_MAX);
  return sessions.filter(isMeasured);
}
