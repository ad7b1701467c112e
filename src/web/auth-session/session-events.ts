import { retryPauseMs } from '../api/event-stream.ts';
import { renewOrLeave } from '../api/request.ts';
import { nowMs } from './idle-time.ts';
import { inOneTab } from './tabs.ts';

export interface KeepCurrentParts {
  sessionId: string;
  /** The server has ended the session; `reason` as it calls it. */
  onEnded(reason: string): void;
  /** Something about the session has changed. */
  onChange(): Promise<unknown>;
  /** The server has refused to be heard, perhaps because the session is over. */
  onRefused(): Promise<unknown>;
  /** When the access token expires, in milliseconds since 1970 by the page's clock. */
  tokenEndsMs(): number;
}

/** Tokens are renewed when this part of what they have left is over, so that streams begin anew with a living one. */
const RENEW_AT = 0.75;

/**
 * Keeps a session current, in one tab for all of them: listens to its events, and renews the access token before it
 * expires, so that an open page goes on showing what happens. Neither keeps the session from idling.
 */
export function keepCurrent(parts: KeepCurrentParts): () => void {
  const { sessionId, onEnded, onChange, onRefused, tokenEndsMs } = parts;
  return inOneTab(`portcullis-session-${sessionId}`, () => {
    let stopListening = (): void => {};
    let isOver = false;
    let refusals = 0;
    const timers = { renewal: 0, retry: 0 };

    const open = (): void => {
      stopListening();
      stopListening = listen({ onOpen, onEnded, onRenew: () => void renew(), onRefused: again });
    };
    const onOpen = (): void => {
      refusals = 0;
    };
    const again = (): void => {
      clearTimeout(timers.retry);
      const pauseMs = retryPauseMs(refusals, Math.random());
      timers.retry = window.setTimeout(() => void onRefused().then(() => isOver || open()), pauseMs);
      refusals += 1;
    };
    const renewInTime = (): void => {
      clearTimeout(timers.renewal);
      timers.renewal = window.setTimeout(() => void renew(), (tokenEndsMs() - nowMs()) * RENEW_AT);
    };
    async function renew(): Promise<void> {
      try {
        await renewOrLeave();
        await onChange();
        if (isOver) return;
        open();
        renewInTime();
      } catch {
        if (!isOver) again();
      }
    }

    open();
    renewInTime();
    return () => {
      isOver = true;
      stopListening();
      for (const timer of Object.values(timers)) clearTimeout(timer);
    };
  });
}

/** What the server says of the session, and when it can't be heard. */
export interface EventHandlers {
  /** The server is heard. */
  onOpen(): void;
  /** The session has ended; `reason` as the server calls it. */
  onEnded(reason: string): void;
  /** The access token is at its end or the role has changed: renew and ask again. */
  onRenew(reason: string): void;
  /** The stream was refused. Whoever finds out that the session is alive may call `listen` again. */
  onRefused(): void;
}

/**
 * Listens to the events of the session. A connection that breaks is made again by the browser; an answer that is
 * a refusal is not.
 */
export function listen({ onOpen, onEnded, onRenew, onRefused }: EventHandlers): () => void {
  const source = new EventSource('/auth/session/events');
  const reasonOf = ({ data }: MessageEvent<string>): string =>
    (JSON.parse(data) as { reason: string }).reason;
  source.addEventListener('open', onOpen);
  source.addEventListener('ended', (event) => {
    source.close();
    onEnded(reasonOf(event));
  });
  source.addEventListener('renew', (event) => {
    source.close();
    onRenew(reasonOf(event));
  });
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) onRefused();
  });
  return () => source.close();
}
