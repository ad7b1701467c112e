import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { Authority } from '../model/operation.ts';
import type { Step } from '../plan/steps.ts';
import type { Person } from '../world/people.ts';

/** How long a session that has ended is tried again and again. */
const ENDED_KEPT_MS = 30_000;
const ENDED_MAX = 20;

/** A session as its client knows it. */
export interface Session {
  id: string;
  token: string;
  refreshToken: string;
  kid: string;
  /** On the runner's monotonic clock. */
  expiresAtMs: number;
  bornMs: number;
  usedAtMs: number;
  /** When it was seen to have ended. */
  endedAtMs?: number;
  isRefreshing: boolean;
}

/** The sessions of one person, on all devices. */
export class Pool {
  readonly person: Person;
  readonly #sessions = new Map<string, Session>();
  readonly #onForgotten: (id: string) => void;

  constructor(person: Person, onForgotten: (id: string) => void) {
    this.person = person;
    this.#onForgotten = onForgotten;
  }

  get live(): Session[] {
    return [...this.#sessions.values()].filter(({ endedAtMs }) => endedAtMs === undefined);
  }

  get ended(): Session[] {
    return [...this.#sessions.values()].filter(({ endedAtMs }) => endedAtMs !== undefined);
  }

  /** A session for a step: usually a live one, sometimes one that has ended. */
  choose({ choice, usesEnded }: Pick<Step, 'choice' | 'usesEnded'>): Session | undefined {
    const sessions = usesEnded && this.ended.length > 0 ? this.ended : this.live;
    return sessions[Math.floor(choice * sessions.length)];
  }

  /** Stores what a login or a refresh returned. @returns the session id */
  keep(body: unknown): string | undefined {
    const { access_token: token, refresh_token: refreshToken } = body as Record<string, string>;
    if (token === undefined || refreshToken === undefined) return undefined;
    const { sid, exp = 0 } = decodeJwt<{ sid: string }>(token);
    const nowMs = performance.now();
    const expiresAtMs = nowMs + exp * 1000 - Date.now();
    const kid = decodeProtectedHeader(token).kid ?? '';
    const known = this.#sessions.get(sid) ?? { id: sid, bornMs: nowMs, isRefreshing: false };
    this.#sessions.set(sid, Object.assign(known, { token, refreshToken, kid, expiresAtMs, usedAtMs: nowMs }));
    return sid;
  }

  /** Marks sessions that a revocation has ended, or that are seen to have ended. */
  end(sessions: readonly Session[]): void {
    for (const session of sessions) session.endedAtMs ??= performance.now();
  }

  /** Forgets what has been dead for long, and live sessions that will end by themselves before long. */
  tidy({ idleMs, absoluteMs }: { idleMs: number; absoluteMs: number }): void {
    const nowMs = performance.now();
    const old = this.ended.filter(
      ({ endedAtMs = 0 }, n, all) => endedAtMs < nowMs - ENDED_KEPT_MS || n < all.length - ENDED_MAX,
    );
    const ending = this.live.filter(
      ({ usedAtMs, bornMs }) => usedAtMs < nowMs - idleMs / 2 || bornMs < nowMs - absoluteMs / 2,
    );
    for (const { id, isRefreshing } of [...old, ...ending])
      if (!isRefreshing && this.#sessions.delete(id)) this.#onForgotten(id);
  }

  /** What a request with the session's access token relies on. */
  authorityOf({ id, kid, expiresAtMs }: Session, ...switches: string[]): Authority {
    return { session: id, kid, expiresAtMs, switches: [activeSwitch(this.person), ...switches] };
  }
}

/** On while the person is not blocked. */
export const activeSwitch = ({ username }: Person): string => `active ${username}`;

/** On while the clerk has the role of an admin. */
export const roleSwitch = ({ username }: Person): string => `role of ${username}`;
