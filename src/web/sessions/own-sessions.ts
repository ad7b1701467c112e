import type { SessionSummary } from '../../sessions/list.ts';
import type { OwnSession } from '../api/auth.ts';

/** A session as its owner or staff see it; `current` only on the one that asks. */
export type ShownSession = SessionSummary & { current?: boolean };

/**
 * The session of this page first, then the newest. Not the last used first, as the server has them: a list that comes
 * anew by itself must not move a row from under the pointer.
 */
export const inOrder = <Session extends ShownSession>(sessions: readonly Session[]): Session[] =>
  sessions.toSorted(
    (one, two) =>
      Number(two.current ?? false) - Number(one.current ?? false) ||
      two.created_at.localeCompare(one.created_at),
  );

export const countOthers = (sessions: readonly OwnSession[]): number =>
  sessions.filter(({ current }) => !current).length;

/** `1 other session`, `3 other sessions`. */
export const otherSessions = (count: number): string =>
  `${count} other ${count === 1 ? 'session' : 'sessions'}`;
