import { entryOf } from './entry-of.ts';
import type { Effect, Operation, Outcome, Recorded, Rule, Violation } from './operation.ts';
import { Revocable, Switch } from './revocable.ts';
import { Sessions } from './sessions.ts';

/** Tolerated between the runner's clock and the gateways', of which each decides when a token expires. */
const EXPIRY_MARGIN_MS = 2000;

interface Return {
  outcome: Outcome;
  detail?: string | undefined;
  /** The id of the session that a login has started. */
  session?: string | undefined;
}

/**
 * Decides whether a history is one of a gateway that keeps its promise, while it is recorded:
 *
 * - What is called after a revocation has returned with success does not succeed. A revocation with an unknown outcome
 *   may have happened or not.
 * - What returns before any revocation was called is not denied.
 *
 * Events must be reported in the order in which they happen. Memory is bounded by the sessions that are not forgotten.
 */
export class Checker {
  readonly violations: Violation[] = [];
  readonly #sessions = new Sessions();
  readonly #kids = new Map<string, Revocable>();
  readonly #switches = new Map<string, Switch>();
  /** The sessions that each operation in progress would end. */
  readonly #targets = new Map<Recorded, Revocable[]>();

  called(operation: Operation, atMs: number): Recorded {
    const op: Recorded = { ...operation, calledMs: atMs, sentMs: atMs };
    for (const effect of op.effects ?? []) this.#begin(op, effect);
    return op;
  }

  /** The last part of the request is sent now. */
  sent(op: Recorded, atMs: number): void {
    op.sentMs = atMs;
  }

  returned(op: Recorded, { outcome, detail, session }: Return, atMs: number): void {
    Object.assign(op, { outcome, returnedMs: atMs, ...(detail !== undefined && { detail }) });
    this.#judge(op);
    for (const effect of op.effects ?? []) this.#end(op, effect, session);
    this.#targets.delete(op);
  }

  /** A part of a stream has arrived. `graceMs` is how long after a revocation a stream may still deliver. */
  received(op: Recorded, atMs: number, graceMs: number): void {
    this.#judge({
      ...op,
      name: `${op.name} (a part)`,
      sentMs: atMs - graceMs,
      returnedMs: atMs,
      outcome: 'ok',
    });
  }

  /**
   * Redis may have lost what was acknowledged since then, as the topology says: sessions, and what was given back. A
   * revocation is never lost.
   */
  mayHaveLost(sinceMs: number): void {
    this.#sessions.mayHaveLost(sinceMs);
    for (const one of this.#switches.values()) one.mayHaveLost();
  }

  /** The session is not used again. */
  forget(session: string): void {
    this.#sessions.forget(session);
  }

  /** Whether the session is known, and only one operation can have ended it so far. */
  wasEndedOnce(session: string): boolean {
    return this.#sessions.find(session)?.possibleCount === 1;
  }

  /** How many sessions are remembered. */
  get remembered(): number {
    return this.#sessions.count;
  }

  #begin(op: Recorded, effect: Effect): void {
    if (effect.kind === 'start') this.#sessions.loginCalled(op);
    if (effect.kind === 'switch') this.#switch(effect.name).called();
    if (effect.kind === 'refresh') this.#sessions.refreshCalled(effect.session);
    for (const target of this.#targetsOf(op, effect)) {
      target.mayBeRevoked();
      this.#targets.set(op, [...(this.#targets.get(op) ?? []), target]);
    }
  }

  #targetsOf(op: Recorded, effect: Effect): Revocable[] {
    if (effect.kind === 'end-session') return [this.#sessions.find(effect.session) ?? []].flat();
    if (effect.kind === 'end-user') return this.#sessions.endAll(effect.user, effect.except, op);
    return effect.kind === 'retire' ? [this.#kid(effect.kid)] : [];
  }

  #end(op: Recorded, effect: Effect, session: string | undefined): void {
    if (effect.kind === 'switch') this.#switch(effect.name).returned(op, effect.on, op.outcome ?? 'unknown');
    if (effect.kind === 'start') this.#sessions.loginReturned(op, effect.user, session);
    if (effect.kind === 'refresh') this.#sessions.refreshReturned(effect.session, op);
    if (effect.kind === 'end-user') this.#sessions.endAllReturned(op);
    if (op.outcome === 'ok') for (const target of this.#targets.get(op) ?? []) target.isRevokedBy(op);
  }

  #judge(op: Recorded): void {
    if (op.authority === undefined) return;
    if (op.outcome === 'ok') this.#judgeSuccess(op, op.authority);
    if (op.outcome === 'denied') this.#judgeDenial(op, op.authority);
  }

  #judgeSuccess(op: Recorded, { session, kid, switches = [] }: NonNullable<Operation['authority']>): void {
    const about: [string, Recorded | undefined][] = [
      [`session ${session}`, this.#sessions.find(session)?.revokedBefore(op)],
      [`signing key ${kid}`, kid === undefined ? undefined : this.#kid(kid).revokedBefore(op)],
      ...switches.map((name): [string, Recorded | undefined] => [name, this.#switch(name).offDuring(op)]),
    ];
    for (const [what, earlier] of about)
      if (earlier !== undefined) this.#report('accepted-after-revocation', what, earlier, op);
  }

  #judgeDenial(op: Recorded, authority: NonNullable<Operation['authority']>): void {
    const { session, kid, switches = [], expiresAtMs = Number.POSITIVE_INFINITY } = authority;
    if ((op.returnedMs ?? 0) > expiresAtMs - EXPIRY_MARGIN_MS) return;
    if (session !== undefined && this.#sessions.find(session)?.possibleCount !== 0) return;
    if (kid !== undefined && this.#kid(kid).possibleCount > 0) return;
    if (!switches.every((name) => this.#switch(name).wasOnDuring(op))) return;
    if (op.effects?.some((effect) => effect.kind === 'start' && this.#sessions.crosses(op, effect.user)))
      return;
    this.#report(
      'denied-without-revocation',
      session ? `session ${session}` : switches.join(),
      undefined,
      op,
    );
  }

  #report(rule: Rule, about: string, earlier: Recorded | undefined, later: Recorded): void {
    if (this.violations.some(({ later: { id } }) => id === later.id)) return;
    this.violations.push({ rule, about, earlier, later: { ...later } });
  }

  #kid(kid: string): Revocable {
    return entryOf(this.#kids, kid, () => new Revocable());
  }

  #switch(name: string): Switch {
    return entryOf(this.#switches, name, () => new Switch());
  }
}
