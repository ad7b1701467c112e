import { renewOrLeave } from '../api/request.ts';
import { listen } from './events.ts';
import { inOneTab } from './tabs.ts';

export interface KeepCurrentParts {
  /** The server has ended the session; `reason` as it calls it. */
  onEnded(reason: string): void;
  /** Something about the session may have changed. */
  onChange(): Promise<void>;
  /** When the access token expires, in milliseconds since 1970 by this computer's clock. */
  tokenEndsMs(): number;
}

/** Tokens are renewed when this part of what they have left is over, so that streams begin anew with a living one. */
const RENEW_AT = 0.75;
const RETRY_MS = 3000;

/**
 * Keeps a session current, in one tab for all of them: listens to its events, and renews the access token before it
 * expires, so that an open page goes on showing what happens. Neither keeps the session from idling.
 */
export function keepCurrent({ onEnded, onChange, tokenEndsMs }: KeepCurrentParts): () => void {
  return inOneTab('portcullis-session', () => {
    let stopListening = (): void => {};
    let isOver = false;
    const timers = { renewal: 0, retry: 0 };

    const open = (): void => {
      stopListening();
      stopListening = listen({ onEnded, onRenew: () => void renew(), onRefused: again });
    };
    const again = (): void => {
      timers.retry = window.setTimeout(() => void onChange().then(() => isOver || open()), RETRY_MS);
    };
    const renewInTime = (): void => {
      clearTimeout(timers.renewal);
      timers.renewal = window.setTimeout(() => void renew(), (tokenEndsMs() - Date.now()) * RENEW_AT);
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
