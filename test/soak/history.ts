import { Checker } from '../../soak/model/checker.ts';
import type { Authority, Effect, Outcome, Recorded, Violation } from '../../soak/model/operation.ts';

/** A history that a test writes down, one event after the other, a millisecond apart. */
export class History {
  readonly checker = new Checker();
  #atMs = 0;
  #operations = 0;

  /** Lets time pass. */
  wait(ms: number): void {
    this.#atMs += ms;
  }

  get nowMs(): number {
    return this.#atMs;
  }

  call(
    name: string,
    { authority, effects }: { authority?: Authority; effects?: readonly Effect[] },
  ): Recorded {
    this.#atMs += 1;
    this.#operations += 1;
    return this.checker.called({ id: this.#operations, name, by: 'test', authority, effects }, this.#atMs);
  }

  return(op: Recorded, outcome: Outcome, session?: string): void {
    this.#atMs += 1;
    this.checker.returned(op, { outcome, session }, this.#atMs);
  }

  /** An operation that returns before anything else happens. */
  do(name: string, what: { authority?: Authority; effects?: readonly Effect[] }, outcome: Outcome): void {
    this.return(this.call(name, what), outcome);
  }

  logIn(user: string, session: string): void {
    const effects: Effect[] = [{ kind: 'start', user }];
    const authority = { switches: [`active ${user}`] };
    this.return(this.call('login', { authority, effects }), 'ok', session);
  }

  read(session: string, outcome: Outcome, authority: Authority = {}): void {
    this.do('read', { authority: { session, ...authority } }, outcome);
  }

  /** Each violation as its rule and its two operations. */
  get found(): string[] {
    return this.checker.violations.map(
      ({ rule, earlier, later }: Violation) => `${rule}: ${earlier?.name ?? 'nothing'} → ${later.name}`,
    );
  }
}

export const ending = (session: string): { effects: Effect[] } => ({
  effects: [{ kind: 'end-session', session }],
});

export const endingAll = (user: string, except?: string): { effects: Effect[] } => ({
  effects: [{ kind: 'end-user', user, except }],
});

/** A block: it ends all sessions, and no login succeeds until it is lifted. */
export const blocking = (user: string): { effects: Effect[] } => ({
  effects: [...endingAll(user).effects, { kind: 'switch', name: `active ${user}`, on: false }],
});

export const unblocking = (user: string): { effects: Effect[] } => ({
  effects: [{ kind: 'switch', name: `active ${user}`, on: true }],
});
