import type { IncomingMessage } from 'node:http';
import type { AccessClaims } from '../../jwt/access-token.ts';
import type { ActivityTracker } from '../../sessions/activity.ts';
import { logGrant, refuse } from '../decision-log.ts';
import { upstreamPath } from '../edge/target.ts';
import type { AssertionSource } from '../proxy/assertions.ts';
import type { LiveResponses } from '../proxy/live-responses.ts';
import type { UpstreamProxy } from '../proxy/proxy.ts';
import type { UpstreamHeaders } from '../proxy/request-headers.ts';
import type { ClientHeaders } from '../proxy/response-headers.ts';
import type { Authenticated, RequestContext } from '../request-context.ts';
import type { Grant } from './policy.ts';

export interface ForwardDeps {
  upstreamHeaders: UpstreamHeaders;
  clientHeaders: ClientHeaders;
  activity: ActivityTracker;
  assertionFor: AssertionSource;
  proxy: UpstreamProxy;
  liveResponses: LiveResponses;
}

/** Stage 7: sends a granted request to the upstream, with an assertion in place of the user's token. */
export async function forward(
  { upstreamHeaders, clientHeaders, activity, assertionFor, proxy, liveResponses }: ForwardDeps,
  context: RequestContext,
  { claims, kid, authorization }: Authenticated,
  { scope }: Grant,
): Promise<void> {
  const { incoming, outgoing, requestId, strictTransport, clientAddress, nowMs } = context;
  const { method = '' } = incoming;
  const request = { method, path: upstreamPath(context.path), scope };
  const assertion = await assertionFor(claims, authorization, request, nowMs);
  recordGrant(activity, context, claims);
  proxy.forward({
    incoming,
    outgoing,
    target: upstreamPath(incoming.url ?? ''),
    headers: upstreamHeaders(incoming, { assertion, clientAddress, requestId }),
    clientHeaders,
    requestId,
    strictTransport,
    onRefusal: (refusal) => refuse(context, refusal, claims),
    onLiveResponse: (close) =>
      liveResponses.watch(outgoing, { claims, kid: kid(), authorization, address: clientAddress }, close),
  });
}

/** Logs a granted request and counts it as the user's activity, which keeps the session from idling out. */
export function recordGrant(
  activity: ActivityTracker,
  context: RequestContext,
  { sub, sid }: AccessClaims,
): void {
  if (isUserActivity(context.incoming)) activity.note(sub, sid, context.nowMs);
  logGrant(context, { sub, sid });
}

/** Polling and event streams are sent by a page while its user may be away, so they do not count as activity. */
const isUserActivity = ({ headers }: IncomingMessage): boolean =>
  headers['x-background'] !== '1' && headers.accept?.toLowerCase().includes('text/event-stream') !== true;
