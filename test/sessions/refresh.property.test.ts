import fc from 'fast-check';
import { expect } from 'vitest';
import { Refusal } from '../../src/refusal.ts';
import { endSession } from '../../src/sessions/end.ts';
import { refreshSession } from '../../src/sessions/refresh.ts';
import { mintRefreshToken } from '../../src/sessions/refresh-token.ts';
import type { TokenPair } from '../../src/sessions/start.ts';
import { checkWhitelist } from '../../src/sessions/whitelist.ts';
import { CLIENT, sessionTest } from './session-store.ts';

const GRACE_MS = 10_000;
/** Far enough ahead that Redis's own clock never decides. */
const AHEAD_MS = 60_000;
const SESSION_SECONDS = 150;

const test = sessionTest({ accessTokenTtlSeconds: 60, sessionAbsoluteSeconds: SESSION_SECONDS });

/** A model of the session's state. */
interface Model {
  refreshCount: number;
  advancedAtMs: number;
  endsAtMs: number;
  isActive: boolean;
}

/** The counter of the returned refresh token, or the reason of the refusal. */
type Outcome = number | string;

function expected(model: Model, count: number, nowMs: number): [Outcome, Model] {
  const { refreshCount: current, advancedAtMs, endsAtMs, isActive } = model;
  if (!isActive || nowMs >= endsAtMs) return ['refresh_over', model];
  if (count > current) return ['refresh_invalid', model];
  if (count === current) return [count + 1, { ...model, refreshCount: count + 1, advancedAtMs: nowMs }];
  if (count === current - 1 && nowMs - advancedAtMs < GRACE_MS) return [current, model];
  return ['refresh_reused', { ...model, isActive: false }];
}

interface Attempt {
  refreshCount: number;
  outcome: Outcome;
}

/** The states after each order of the same requests that gives these outcomes; none if there is no such order. */
function inSomeOrder(model: Model, attempts: Attempt[], nowMs: number): Model[] {
  if (attempts.length === 0) return [model];
  return attempts.flatMap(({ refreshCount, outcome }, index) => {
    const [right, next] = expected(model, refreshCount, nowMs);
    return right === outcome ? inSomeOrder(next, attempts.toSpliced(index, 1), nowMs) : [];
  });
}

/** Concurrent refreshes, each with a token that is some steps behind the current one, and perhaps a logout. */
const moment = fc.record({
  afterMs: fc.constantFrom(0, 1, 500, GRACE_MS - 1, GRACE_MS, GRACE_MS + 1, 60_000),
  behind: fc.array(fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 2, 3, -1), { minLength: 1, maxLength: 5 }),
  logsOut: fc.constantFrom(...Array.from({ length: 11 }, () => false), true),
});

test('concurrent, replayed and late refreshes at two gateways have the outcome of some sequential order', async ({
  store,
}) => {
  await fc.assert(
    fc.asyncProperty(fc.array(moment, { minLength: 1, maxLength: 8 }), async (moments) => {
      const startMs = Date.now() + AHEAD_MS;
      const sub = await store.addUser();
      const first = await store.start(sub, {}, startMs);
      const { sid } = first.claims;
      const issued: TokenPair[] = [first];
      let nowMs = startMs;
      const endsAtMs = first.sessionEndsAt * 1000;
      let model: Model = { refreshCount: 0, advancedAtMs: startMs, endsAtMs, isActive: true };

      for (const { afterMs, behind, logsOut } of moments) {
        nowMs += afterMs;
        const counts = behind.map((steps) => Math.max(0, model.refreshCount - steps));
        const attempts = await Promise.all(
          counts.map(async (refreshCount, index) => {
            const deps = index % 2 === 0 ? store.one : store.other;
            const token = mintRefreshToken(deps.refreshKey, { sub, sid, refreshCount });
            const pair = await refreshSession(deps, { token, ...CLIENT }, nowMs);
            if (pair instanceof Refusal) return { refreshCount, outcome: pair.reason };
            issued.push(pair);
            expect(pair.claims.exp).toBeLessThanOrEqual(pair.sessionEndsAt);
            return { refreshCount, outcome: Number(pair.refreshToken.split('.')[3]) };
          }),
        );
        const [next] = inSomeOrder(model, attempts, nowMs);
        expect(next, JSON.stringify({ model, attempts, nowMs })).toBeDefined();
        model = next ?? model;
        if (logsOut) {
          expect(await endSession(store.one.redis, sub, sid)).toBe(model.isActive);
          model = { ...model, isActive: false };
        }
        for (const { claims } of issued) {
          const authorization = await checkWhitelist(store.other.redis, claims);
          expect(authorization instanceof Refusal).toBe(!model.isActive);
        }
      }
      expectOneSuccessorEach(issued);
    }),
    { numRuns: 150 },
  );
});

/** The same refresh token always comes with the same claims, and no two refresh tokens share an access token id. */
function expectOneSuccessorEach(issued: readonly TokenPair[]): void {
  const claimsOf = new Map<string, unknown>();
  for (const { refreshToken, claims } of issued) {
    expect(claims).toEqual(claimsOf.get(refreshToken) ?? claims);
    claimsOf.set(refreshToken, claims);
  }
  expect(new Set([...claimsOf.values()].map((claims) => (claims as { jti: string }).jti)).size).toBe(
    claimsOf.size,
  );
}
