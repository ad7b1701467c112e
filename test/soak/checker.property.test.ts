import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome, Recorded } from '../../soak/model/operation.ts';
import { ending, endingAll, History } from './history.ts';

interface Applied {
  outcome: Outcome;
  session?: string;
}

/**
 * A gateway as it should be: what it is asked for takes effect at one moment between the call and the return. It
 * decides at that moment, and sometimes its response is lost.
 */
class IdealGateway {
  readonly history = new History();
  readonly #live = new Map<string, string>();
  readonly #open: { op: Recorded; apply: () => Applied }[] = [];
  readonly #applied: (Applied & { op: Recorded })[] = [];
  readonly #hasDefect: boolean;
  /** The sessions whose login has returned: nobody else knows their ids. */
  readonly #known: string[] = [];
  #sessions = 0;

  constructor({ hasDefect = false } = {}) {
    this.#hasDefect = hasDefect;
  }

  call(kind: string, user: string, nth: number): void {
    const session = this.#known[nth % Math.max(1, this.#known.length)] ?? 'none';
    const open = (op: Recorded, apply: () => Applied): void => void this.#open.push({ op, apply });
    if (kind === 'login') {
      const id = `s${this.#sessions}`;
      this.#sessions += 1;
      open(this.history.call('login', { effects: [{ kind: 'start', user }] }), () => {
        this.#live.set(id, user);
        return { outcome: 'ok', session: id };
      });
    } else if (kind === 'logout') {
      open(this.history.call('logout', ending(session)), () => this.#end([session]));
    } else if (kind === 'end-all') {
      open(this.history.call('end-all', endingAll(user)), () =>
        this.#end([...this.#live].filter(([, owner]) => owner === user).map(([id]) => id)),
      );
    } else {
      open(this.history.call('read', { authority: { session } }), () => ({
        outcome: this.#live.has(session) ? 'ok' : 'denied',
      }));
    }
  }

  /** One operation in progress takes effect. */
  apply(nth: number): void {
    const [one] = this.#open.splice(nth % Math.max(1, this.#open.length), 1);
    if (one !== undefined) this.#applied.push({ op: one.op, ...one.apply() });
  }

  /** One operation that has taken effect returns, or its response is lost. */
  return(nth: number, isLost: boolean): void {
    const [one] = this.#applied.splice(nth % Math.max(1, this.#applied.length), 1);
    if (one === undefined) return;
    if (one.session !== undefined && !isLost) this.#known.push(one.session);
    this.history.return(one.op, isLost ? 'unknown' : one.outcome, one.session);
  }

  #end(sessions: readonly string[]): Applied {
    if (!this.#hasDefect) for (const id of sessions) this.#live.delete(id);
    return { outcome: 'ok' };
  }
}

const events = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'login',
      'login',
      'logout',
      'end-all',
      'read',
      'read',
      'apply',
      'apply',
      'return',
      'return',
    ),
    user: fc.constantFrom('bob', 'alice'),
    nth: fc.nat(20),
    isLost: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  }),
  { maxLength: 120 },
);

test('no history of an ideal gateway violates a rule, however its operations overlap', () => {
  fc.assert(
    fc.property(events, (all) => {
      const gateway = new IdealGateway();
      for (const { kind, user, nth, isLost } of all) {
        if (kind === 'apply') gateway.apply(nth);
        else if (kind === 'return') gateway.return(nth, isLost);
        else gateway.call(kind, user, nth);
      }
      expect(gateway.history.found).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('a gateway that ends no session is found by any read after a revocation that has returned', () => {
  fc.assert(
    fc.property(events, (all) => {
      const gateway = new IdealGateway({ hasDefect: true });
      for (const { kind, user, nth, isLost } of all) {
        if (kind === 'apply') gateway.apply(nth);
        else if (kind === 'return') gateway.return(nth, isLost);
        else gateway.call(kind, user, nth);
      }
      const { history } = gateway;
      const before = history.found.length;
      history.logIn('bob', 'last');
      history.do('logout', ending('last'), 'ok');
      history.read('last', 'ok');
      expect(history.found.length).toBe(before + 1);
    }),
    { numRuns: 200 },
  );
});
