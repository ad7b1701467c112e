import type { EndReason } from './session-state.ts';

/** Messages between the tabs of one browser, which share the session's cookies. */
export type TabMessage =
  /** This session has ended. Another one may have started since. */
  | { kind: 'ended'; reason: EndReason; sessionId: string | undefined }
  | { kind: 'logout-requested' }
  /** Somebody has logged in, perhaps another user. */
  | { kind: 'logged-in' }
  /** The session's role or expiry times have changed. */
  | { kind: 'recheck' };

const channel = new BroadcastChannel('portcullis');

export const postToTabs = (message: TabMessage): void => channel.postMessage(message);

export function onTabMessage(listener: (message: TabMessage) => void): void {
  channel.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => listener(data));
}

/** The locks that this tab holds. */
const heldLocks = new Set<string>();

/**
 * Runs `start` in one tab of the browser at a time, and in the next tab when that one is closed: with HTTP/1.1 a browser
 * has six connections per site, and an event stream in each tab would leave none for requests. Without the Web Locks API
 * (plain HTTP to another machine) every tab runs it. The result stops it in this tab.
 *
 * A tab that has stopped keeps the lock: what `name` stands for is over, and a tab that has not yet received the message
 * about it must not start again. Only the tab that holds the lock can start again under the same name.
 */
export function inOneTab(name: string, start: () => () => void): () => void {
  if (navigator.locks === undefined || heldLocks.has(name)) return start();
  const stopping = new AbortController();
  const { signal } = stopping;
  const untilClosed = new Promise<void>(() => {});
  void navigator.locks
    .request(name, { signal }, () => {
      heldLocks.add(name);
      const stop = start();
      signal.addEventListener('abort', stop);
      return untilClosed;
    })
    .catch(() => {});
  return () => stopping.abort();
}
