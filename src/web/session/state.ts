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
