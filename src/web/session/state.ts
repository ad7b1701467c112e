import type { Who } from '../api/auth.ts';
import { createStore } from '../store.ts';
import type { LeavingReason } from './reasons.ts';

/** Who uses the page. */
export type Session =
  | { state: 'starting' }
  | { state: 'out'; reason?: LeavingReason }
  /** The service doesn't answer, so nobody knows. */
  | { state: 'unknown' }
  | { state: 'in'; who: Who };

export const session = createStore<Session>({ state: 'starting' });

/** Of the user who is logged in, if anybody is. */
export function sessionId(): string | undefined {
  const now = session.get();
  return now.state === 'in' ? now.who.session_id : undefined;
}

/** Tells when somebody logs in who is not the one who was here before: that one's page is not for them. */
export function whenSomebodyElseComes(listener: () => void): void {
  let before: string | undefined;
  session.subscribe(() => {
    const now = session.get();
    if (now.state !== 'in') return;
    if (before !== undefined && before !== now.who.sub) listener();
    before = now.who.sub;
  });
}
