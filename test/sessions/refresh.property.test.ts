import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Refusal } from '../../src/refusal.ts';
import { endSession } from '../../src/sessions/end.ts';
import { refreshSession } from '../../src/sessions/refresh.ts';
import { mintRefreshToken } from '../../src/sessions/refresh-token.ts';
import type { TokenPair } from '../../src/sessions/start.ts';
import { checkWhitelist } from '../../src/sessions/whitelist.ts';
import { openSessionStore, type SessionStore } from './session-store.ts';

const GRACE_MS = 10_000;
/** So far ahead that Redis's own clock never decides. */
const AHEAD_MS = 60_000;
const SESSION_SECONDS = 150;

let store: SessionStore;
beforeAll(async () => {
  store = await openSessionStore({ accessTokenTtlSeconds: 60, sessionAbsoluteSeconds: SESSION_SECONDS });
});
afterAll(() => store.close());

/** What the session's state has to be, told in a few lines. */
interface Model {
  n: number;
  movedAtMs: number;
  endsAtMs: number;
  isAlive: boolean;
}

/** The number of the refresh token that is answered with, or the reason of the refusal. */
type Outcome = number | string;

function expected(model: Model, n: number, nowMs: number): [Outcome, Model] {
  if (!model.isAlive || nowMs >= model.endsAtMs) return ['refresh_over', model];
  if (n > model.n) return ['refresh_invalid', model];
  if (n === model.n) return [n + 1, { ...model, n: n + 1, movedAtMs: nowMs }];
  if (n === model.n - 1 && nowMs - model.movedAtMs < GRACE_MS) return [model.n, model];
  return ['refresh_reused', { ...model, isAlive: false }];
}

/** Whether the outcomes are those of the same requests one after the other in some order; and the state after it. */
function inSomeOrder(model: Model, tried: { n: number; outcome: Outcome }[], nowMs: number): Model[] {
  if (tried.length === 0) return [model];
  return tried.flatMap(({ n, outcome }, index) => {
    const [right, next] = expected(model, n, nowMs);
    return right === outcome ? inSomeOrder(next, tried.toSpliced(index, 1), nowMs) : [];
  });
}

/** At one moment: refreshes with tokens that are so many steps behind the current one, and perhaps a log-out. */
const moment = fc.record({
  afterMs: fc.constantFrom(0, 1, 500, GRACE_MS - 1, GRACE_MS, GRACE_MS + 1, 60_000),
  behind: fc.array(fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 2, 3, -1), { minLength: 1, maxLength: 5 }),
  logsOut: fc.constantFrom(...Array.from({ length: 11 }, () => false), true),
});

test('whatever refreshes cross, replay and come late, over two gateways, the outcome is that of some order of them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(moment, { minLength: 1, maxLength: 8 }), async (moments) => {
      const startMs = Date.now() + AHEAD_MS;
      const sub = await store.addUser();
      const first = await store.start(sub, {}, startMs);
      const { sid } = first.claims;
      const given: TokenPair[] = [first];
      let nowMs = startMs;
      const endsAtMs = first.sessionEndsAt * 1000;
      let model: Model = { n: 0, movedAtMs: startMs, endsAtMs, isAlive: true };

      for (const { afterMs, behind, logsOut } of moments) {
        nowMs += afterMs;
        const ns = behind.map((steps) => Math.max(0, model.n - steps));
        const tried = await Promise.all(
          ns.map(async (n, index) => {
            const parts = index % 2 === 0 ? store.one : store.other;
            const token = mintRefreshToken(parts.refreshKey, { sub, sid, n });
            const answer = await refreshSession(parts, { token, address: '192.0.2.1' }, nowMs);
            if (answer instanceof Refusal) return { n, outcome: answer.reason };
            given.push(answer);
            expect(answer.claims.exp).toBeLessThanOrEqual(answer.sessionEndsAt);
            return { n, outcome: Number(answer.refreshToken.split('.')[3]) };
          }),
        );
        const [next] = inSomeOrder(model, tried, nowMs);
        expect(next, JSON.stringify({ model, tried, nowMs })).toBeDefined();
        model = next ?? model;
        if (logsOut) {
          expect(await endSession(store.one.redis, sub, sid)).toBe(model.isAlive);
          model = { ...model, isAlive: false };
        }
        for (const { claims } of given) {
          const authorization = await checkWhitelist(store.other.redis, claims);
          expect(authorization instanceof Refusal).toBe(!model.isAlive);
        }
      }
      expectOneSuccessorEach(given);
    }),
    { numRuns: 150 },
  );
});

/** Whoever got the same refresh token got the same access token, by its id and its times. */
function expectOneSuccessorEach(given: readonly TokenPair[]): void {
  const claimsOf = new Map<string, unknown>();
  for (const { refreshToken, claims } of given) {
    expect(claims).toEqual(claimsOf.get(refreshToken) ?? claims);
    claimsOf.set(refreshToken, claims);
  }
  expect(new Set([...claimsOf.values()].map((claims) => (claims as { jti: string }).jti)).size).toBe(
    claimsOf.size,
  );
}
