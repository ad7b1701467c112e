import { useEffect, useRef } from 'preact/hooks';
import { type Loaded, useLoad } from '../../hooks/load.ts';
import { whileVisible } from '../../hooks/timing.ts';

const RELOAD_INTERVAL_MS = 10_000;

/**
 * Loads sessions when the component appears or `deps` change, and regularly while the page is visible. Only the first
 * request counts as activity, so that an open list does not keep the session from idling.
 */
export function useLiveSessions<Session>(
  load: (isBackground: boolean) => Promise<{ sessions: Session[] }>,
  deps: readonly unknown[],
): Loaded<Session[]> {
  const isFirst = useRef(true);
  const loaded = useLoad(async () => {
    const isBackground = !isFirst.current;
    isFirst.current = false;
    return (await load(isBackground)).sessions;
  }, deps);
  useEffect(() => whileVisible(() => void loaded.reload(), RELOAD_INTERVAL_MS), [loaded.reload]);
  return loaded;
}
