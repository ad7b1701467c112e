import { createEventStream } from '../api/event-stream.ts';
import { refreshTokens } from '../api/request.ts';
import { nowMs, renewalDelayMs } from './idle-time.ts';
import { inOneTab } from './tabs.ts';

export interface SessionEventsDeps {
  sessionId: string;
  /** The server has ended the session; `reason` is the server's name for it. */
  onEnded(reason: string): void;
  /** The tokens have been refreshed. The role may have changed. */
  onRefreshed(): Promise<unknown>;
  /** The server has refused the event stream, perhaps because the session is over. */
  onRefused(): Promise<unknown>;
  /** When the access token expires, in milliseconds since 1970. */
  tokenExpiresAtMs(): number;
}

/**
 * Follows a session's event stream and refreshes its tokens before they expire, in one tab for all of them. Neither
 * counts as activity for the idle timeout. Returns how to stop.
 */
export function followSession(deps: SessionEventsDeps): () => void {
  return inOneTab(`portcullis-session-${deps.sessionId}`, () => {
    let isStopped = false;
    let timer = 0;
    const stream = createEventStream({
      path: '/auth/session/events',
      onRefused: deps.onRefused,
      events: {
        ended: (data) => {
          stream.close();
          deps.onEnded((data as { reason: string }).reason);
        },
        renew: () => {
          stream.close();
          void refresh();
        },
      },
    });

    function scheduleRefresh(): void {
      clearTimeout(timer);
      timer = window.setTimeout(() => void refresh(), renewalDelayMs(deps.tokenExpiresAtMs() - nowMs()));
    }

    async function refresh(): Promise<void> {
      try {
        await refreshTokens();
        await deps.onRefreshed();
        if (isStopped) return;
        stream.open();
        scheduleRefresh();
      } catch {
        if (!isStopped) stream.retry();
      }
    }

    stream.open();
    scheduleRefresh();
    return () => {
      isStopped = true;
      clearTimeout(timer);
      stream.close();
    };
  });
}
