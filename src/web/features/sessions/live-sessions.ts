import { useEffect, useRef } from 'preact/hooks';
import type { SessionSummary } from '../../../session/list.ts';
import type { OwnSession } from '../../api/auth.ts';
import { type Answer, useAnswer } from '../../hooks/load.ts';
import { whileVisible } from '../../hooks/timing.ts';

const EVERY_MS = 10_000;

/**
 * Sessions as they are by now: asked for when the component appears or `deps` change, and by itself while it can be
 * seen. All but the first time is in the background, so that an open list keeps nobody logged in.
 */
export function useLiveSessions<Session>(
  load: (isBackground: boolean) => Promise<{ sessions: Session[] }>,
  deps: readonly unknown[],
): Answer<Session[]> {
  const isFirst = useRef(true);
  const answer = useAnswer(async () => {
    const isBackground = isFirst.current === false;
    isFirst.current = false;
    return (await load(isBackground)).sessions;
  }, deps);
  useEffect(() => whileVisible(() => void answer.reload(), EVERY_MS), [answer.reload]);
  return answer;
}

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
