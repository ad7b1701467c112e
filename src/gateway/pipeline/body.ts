import { Refusal } from '../../refusal.ts';
import { refuse } from '../decision-log.ts';
import type { HeldBodies } from '../proxy/held-bodies.ts';
import type { RequestContext } from '../request-context.ts';
import type { Granted, Judge } from './judgement.ts';

/** A request that is ready to be sent. */
export interface Received {
  granted: Granted;
  /** The whole body; `streamed` if it is too long to be held; null if there is none. */
  body: Buffer | 'streamed' | null;
}

/**
 * Stage 8: receives a short body completely, so that the request is judged when it is complete and not only when it
 * begins, and so that a slow client occupies no connection to the upstream. If the body came later than the first
 * judgement, the request is judged again. Returns undefined if the request was refused or its client has left.
 * @throws {RedisUnavailable}
 */
export async function receiveBody(
  heldBodies: HeldBodies,
  context: RequestContext,
  granted: Granted,
  judge: Judge,
): Promise<Received | undefined> {
  const { incoming, outgoing } = context;
  const { claims, wasComplete } = granted.user;
  const body = await heldBodies.hold(claims.sub, incoming, outgoing);
  if (body === 'left') return undefined;
  if (body === 'streamed') return { granted, body };
  if (body instanceof Refusal) {
    if (body.reason === 'request_too_slow') outgoing.shouldKeepAlive = false;
    refuse(context, body, claims);
    return undefined;
  }
  if (wasComplete) return { granted, body };
  const present = await judge();
  if (!('refusal' in present)) return { granted: present, body };
  refuse(context, present.refusal, present.claims);
  return undefined;
}
