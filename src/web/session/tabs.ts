import type { LeavingReason } from './reasons.ts';

/** What the tabs of one browser, which share the session's cookies, tell each other. */
export type TabMessage =
  /** The page is left because this session is over; another may have begun since. */
  | { kind: 'left'; reason: LeavingReason; sessionId: string | undefined }
  /** Somebody has asked to be logged out. */
  | { kind: 'leaving' }
  /** Somebody has logged in, perhaps somebody else. */
  | { kind: 'entered' }
  /** The session's role or its times have changed. */
  | { kind: 'recheck' };

const channel = new BroadcastChannel('portcullis');

export const tellTabs = (message: TabMessage): void => channel.postMessage(message);

export function hearTabs(listener: (message: TabMessage) => void): void {
  channel.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => listener(data));
}

/**
 * Runs something in one tab of the browser at a time, the next one when that tab is closed. A browser has six
 * connections for all tabs of a site with HTTP/1.1, and an event stream in each would leave none for anything else.
 * Where locks are missing (plain http to another machine) every tab runs it.
 */
export function inOneTab(name: string, run: () => () => void): () => void {
  if (navigator.locks === undefined) return run();
  const leaving = new AbortController();
  const { signal } = leaving;
  const left = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  void navigator.locks
    .request(name, { signal }, async () => {
      const stop = run();
      await left;
      stop();
    })
    .catch(() => {});
  return () => leaving.abort();
}
