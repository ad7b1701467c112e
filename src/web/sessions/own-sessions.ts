import type { OwnSession } from '../api/auth.ts';

/** The session of this page first, the others as they come: the last used first. */
export const thisOneFirst = (sessions: readonly OwnSession[]): OwnSession[] =>
  sessions.toSorted((one, two) => Number(two.current) - Number(one.current));

export const countOthers = (sessions: readonly OwnSession[]): number =>
  sessions.filter(({ current }) => !current).length;

/** `1 other session`, `3 other sessions`. */
export const otherSessions = (count: number): string =>
  `${count} other ${count === 1 ? 'session' : 'sessions'}`;
