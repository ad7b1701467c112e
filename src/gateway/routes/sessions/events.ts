import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { z } from 'zod';
import { EVENT_STREAM_HEADERS, HEARTBEAT, MAX_HEARTBEAT_MS, retryField } from '../../../http/event-stream.ts';
import { LOGGED_IN, type Operation } from '../../../http/operation.ts';
import type { AccessClaims } from '../../../jwt/access-token.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { readSessionLifetime } from '../../../sessions/lifetime.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import type { ConcurrencyLimiter } from '../../pipeline/limits.ts';
import type { GatewayReason } from '../../problems/table.ts';
import type { LiveResponses } from '../../proxy/live-responses.ts';
import type { EndReason } from '../../proxy/recheck.ts';

const HEADERS = {
  ...EVENT_STREAM_HEADERS,
  // A shutdown waits for persistent connections (RFC 9112, section 9.6).
  connection: 'close',
};

export const sessionEventsOperation: Operation<GatewayReason> = {
  method: 'get',
  path: '/auth/session/events',
  id: 'streamSessionEvents',
  tag: 'Sessions',
  summary: 'Stream the end of the session as it happens (server-sent events)',
  description:
    'At most one event is sent, then the stream ends. `event: ended` means that the user has to log in again; its ' +
    '`reason` is `session_ended`, `user_blocked` or `address_refused`. `event: renew` means that the session ' +
    'continues, but the stream has to be reopened with a new token; its `reason` is `token_expired`, `key_retired` ' +
    'or `role_changed`. A stream that ends without an event can be reopened at once. An open stream is not activity.',
  access: LOGGED_IN,
  responses: {
    200: {
      description: 'Events whose `data` is `{"reason": …}`, and comments as heartbeats.',
      schema: z.string(),
      mediaType: 'text/event-stream',
    },
  },
  refusals: ['too_many_under_way'],
};

export interface SessionEventsDeps {
  redis: RedisStore;
  liveResponses: LiveResponses;
  concurrencyLimiter: ConcurrencyLimiter;
  idleTimeoutMs: number;
}

/** `ended`: log in again. `renew`: refresh the token or reload the current session. */
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
 * Server-sent events (HTML standard, section 9.2) that notify an open page at once when its session ends. The event
 * contains neither tokens nor ids and grants nothing: the next request is checked like any other.
 *
 * The route uses `requireToken` and not `requireSession`, because an open stream is never activity.
 */
export const sessionEvents =
  ({ redis, liveResponses, concurrencyLimiter, idleTimeoutMs }: SessionEventsDeps): AuthenticatedRoute =>
  (c, { claims, kid, authorization }) => {
    const { incoming, outgoing, clientAddress } = c.env;
    if (!concurrencyLimiter.tryAcquire(claims.sub, outgoing))
      return refuse(c.env, new Refusal('too_many_under_way'), claims);
    logGrant(c.env, claims);
    c.env.record.isStream = true;
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
 * The interval of heartbeats. 15 s is what the HTML standard (section 9.2.7) advises against proxies that drop idle
 * connections; a quarter of the gateway's own idle timeout tolerates late heartbeats.
 */
const heartbeatMs = (idleTimeoutMs: number): number => Math.min(MAX_HEARTBEAT_MS, idleTimeoutMs / 4);

/** Starts a stream with heartbeats. Returns a function that ends it with a last text. */
function openStream(outgoing: ServerResponse, everyMs: number): (lastText: string) => void {
  outgoing.write(`${retryField()}\n`);
  const heartbeat = setInterval(() => outgoing.write(HEARTBEAT), everyMs);
  const stopHeartbeat = (): void => clearInterval(heartbeat);
  outgoing.on('close', stopHeartbeat);
  return (lastText) => {
    stopHeartbeat();
    if (!outgoing.destroyed) outgoing.end(lastText);
  };
}

/**
 * A token can end before its session: if Redis's clock is ahead, or when the password is changed. The user must not
 * have to log in again then, nor while Redis is unavailable.
 */
async function eventFor(
  redis: RedisStore,
  { sub, sid }: AccessClaims,
  reason: EndReason,
): Promise<SessionEvent> {
  if (EVENTS[reason] !== SESSION_ENDED) return EVENTS[reason];
  const hasEnded = await readSessionLifetime(redis, sub, sid).then(
    (lifetime) => lifetime === undefined,
    () => false,
  );
  return hasEnded ? SESSION_ENDED : EVENTS.token_expired;
}

const textOf = ({ event, reason }: SessionEvent): string =>
  `event: ${event}\ndata: ${JSON.stringify({ reason })}\n\n`;
