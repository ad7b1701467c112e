import { entryOf } from './entry-of.ts';
import type { Recorded } from './operation.ts';
import { effectiveUntil, Revocable, type UserRevocation } from './revocable.ts';

interface Session extends Revocable {
  user: string;
  /** When the login or the last refresh returned. */
  writtenMs: number;
  /** Whether a refresh had an unknown outcome: the next one may count as a replay and end the session. */
  isRefreshUncertain: boolean;
}

/** The sessions of a history, and which revocations concern them. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  /** The revocations of all sessions of a user that a login in progress may have crossed. */
  readonly #revocations = new Map<string, UserRevocation[]>();
  readonly #logins = new Set<Recorded>();

  get count(): number {
    return this.#sessions.size;
  }

  /** Undefined before its login has returned, and after it was forgotten. */
  find(id: string | undefined): Session | undefined {
    return id === undefined ? undefined : this.#sessions.get(id);
  }

  forget(id: string): void {
    this.#sessions.delete(id);
  }

  mayHaveLost(sinceMs: number): void {
    for (const session of this.#sessions.values()) if (session.writtenMs >= sinceMs) session.mayBeRevoked();
  }

  loginCalled(op: Recorded): void {
    this.#logins.add(op);
  }

  loginReturned(op: Recorded, user: string, id: string | undefined): void {
    this.#logins.delete(op);
    if (op.outcome !== 'ok' || id === undefined) return;
    const started = { user, writtenMs: op.returnedMs ?? 0, isRefreshUncertain: false };
    const session: Session = Object.assign(new Revocable(), started);
    this.#sessions.set(id, session);
    if (this.crosses(op, user)) session.mayBeRevoked();
  }

  /**
   * Whether a login may have been hit by a revocation of all sessions: it is denied if that came after the password was
   * verified.
   */
  crosses(login: Recorded, user: string): boolean {
    return this.#revocations.get(user)?.some(({ untilMs }) => login.calledMs < untilMs) === true;
  }

  refreshCalled(id: string): void {
    const session = this.find(id);
    if (session?.isRefreshUncertain) session.mayBeRevoked();
  }

  refreshReturned(id: string, op: Recorded): void {
    const session = this.find(id);
    if (session === undefined) return;
    if (op.outcome === 'unknown') session.isRefreshUncertain = true;
    if (op.outcome === 'ok') session.writtenMs = op.returnedMs ?? 0;
  }

  /** The sessions that a revocation of all ends for certain: those whose login has returned. */
  endAll(user: string, except: string | undefined, op: Recorded): Revocable[] {
    const revocations = entryOf(this.#revocations, user, () => []);
    revocations.push({ op, untilMs: Number.POSITIVE_INFINITY });
    return [...this.#sessions]
      .filter(([id, session]) => session.user === user && id !== except)
      .map(([, session]) => session);
  }

  /** Revocations are remembered as long as a login that they may have hit can be in progress. */
  endAllReturned(op: Recorded): void {
    const oldestLoginMs = Math.min(op.returnedMs ?? 0, ...[...this.#logins].map(({ calledMs }) => calledMs));
    for (const [user, revocations] of this.#revocations) {
      for (const one of revocations)
        if (one.op === op)
          one.untilMs = op.outcome === 'refused' || op.outcome === 'denied' ? 0 : effectiveUntil(op);
      this.#revocations.set(
        user,
        revocations.filter(({ untilMs }) => untilMs >= oldestLoginMs),
      );
    }
  }
}
