import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { EVENT_STREAM_HEADERS, HEARTBEAT, MAX_HEARTBEAT_MS, retryField } from '../../../http/event-stream.ts';
import type { AccessClaims } from '../../../jwt/access-token.ts';
import type { RedisLink } from '../../../redis/connection.ts';
import { Refusal } from '../../../refusal.ts';
import { readSessionLifetime } from '../../../sessions/lifetime.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import type { ConcurrencyLimiter } from '../../pipeline/limits.ts';
import type { LiveResponses } from '../../proxy/live-responses.ts';
import type { EndReason } from '../../proxy/recheck.ts';

const HEADERS = {
  ...EVENT_STREAM_HEADERS,
  // A stopping server waits for kept connections (RFC 9112, section 9.6), and a page needs none after its last event.
  connection: 'close',
};

export interface SessionEventsDeps {
  redis: RedisLink;
  liveResponses: LiveResponses;
  concurrencyLimiter: ConcurrencyLimiter;
  idleTimeoutMs: number;
}

/** What a page is told. `ended`: log in again. `renew`: refresh the token, or ask again who you are. */
interface SessionEvent {
  event: 'ended' | 'renew';
  reason: string;
}

const SESSION_ENDED: SessionEvent = { event: 'ended', reason: 'session_ended' };
const EVENTS: Readonly<Record<EndReason, SessionEvent>> = {
  token_not_alive: SESSION_ENDED,
  session_over: SESSION_ENDED,
  user_not_active: { event: 'ended', reason: 'user_blocked' },
  address_refused: { event: 'ended', reason: 'address_refused' },
  token_expired: { event: 'renew', reason: 'token_expired' },
  key_retired: { event: 'renew', reason: 'key_retired' },
  role_changed: { event: 'renew', reason: 'role_changed' },
};

/**
 * Server-sent events (HTML standard, section 9.2) about the session that asks, so that an open page learns of its
 * end at once. There is at most one: why the stream ends. It carries no token and no id, and nothing is granted or
 * refused by it: the next request is judged like any other.
 *
 * The route is for `admitted` and not for `loggedIn`: a page that waits is no activity, whatever its `Accept` says.
 */
export const sessionEvents =
  ({ redis, liveResponses, concurrencyLimiter, idleTimeoutMs }: SessionEventsDeps): AuthenticatedRoute =>
  (c, { claims, kid, authorization }) => {
    const { incoming, outgoing, clientAddress } = c.env;
    if (!concurrencyLimiter.tryAcquire(claims.sub, outgoing))
      return refuse(c.env, new Refusal('too_many_under_way'), claims);
    logGrant(c.env, claims);
    if (outgoing.closed) return RESPONSE_ALREADY_SENT;
    outgoing.writeHead(200, HEADERS);
    if (incoming.method === 'HEAD') {
      outgoing.end();
      return RESPONSE_ALREADY_SENT;
    }
    const end = openStream(outgoing, heartbeatMs(idleTimeoutMs));
    liveResponses.watch(outgoing, { claims, kid: kid(), authorization, address: clientAddress }, (reason) => {
      if (reason === undefined) end('');
      else void eventFor(redis, claims, reason).then((event) => end(textOf(event)));
    });
    return RESPONSE_ALREADY_SENT;
  };

/**
 * How often a sign of life is sent. 15 s is what the HTML standard (section 9.2.7) advises against proxies that drop
 * silent connections; a quarter of the gateway's own idle timeout leaves room for signs that come late.
 */
const heartbeatMs = (idleTimeoutMs: number): number => Math.min(MAX_HEARTBEAT_MS, idleTimeoutMs / 4);

/** Begins a stream that shows signs of life until it is ended, which is by a last text, or its client is gone. */
function openStream(outgoing: ServerResponse, everyMs: number): (lastText: string) => void {
  outgoing.write(`${retryField()}\n`);
  const heartbeat = setInterval(() => outgoing.write(HEARTBEAT), everyMs);
  const fallSilent = (): void => clearInterval(heartbeat);
  outgoing.on('close', fallSilent);
  return (lastText) => {
    fallSilent();
    if (!outgoing.destroyed) outgoing.end(lastText);
  };
}

/**
 * A token can die before its session: by Redis's clock when that is ahead, or as one of several when the password is
 * changed. Nobody is to log in again for that; nor while Redis can't be asked.
 */
async function eventFor(
  redis: RedisLink,
  { sub, sid }: AccessClaims,
  reason: EndReason,
): Promise<SessionEvent> {
  if (EVENTS[reason] !== SESSION_ENDED) return EVENTS[reason];
  const isOver = await readSessionLifetime(redis, sub, sid).then(
    (life) => life === undefined,
    () => false,
  );
  return isOver ? SESSION_ENDED : EVENTS.token_expired;
}

const textOf = ({ event, reason }: SessionEvent): string =>
  `event: ${event}\ndata: ${JSON.stringify({ reason })}\n\n`;
