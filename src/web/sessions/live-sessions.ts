import { useRef } from 'hono/jsx/dom';
import { type Answer, useAnswer } from '../shell/answer.ts';
import { useEffect } from '../shell/effect.ts';
import { whileVisible } from './while-visible.ts';

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
