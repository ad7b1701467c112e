import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AccessClaims } from '../../jwt/access-token.ts';
import { Refusal } from '../../refusal.ts';
import type { ActivityTracker } from '../../sessions/activity.ts';
import { logGrant, refuse, refuseFault } from '../decision-log.ts';
import { upstreamPath } from '../edge/target.ts';
import type { GatewayReason } from '../problems/table.ts';
import type { AssertionSource } from '../proxy/assertions.ts';
import type { LiveResponses } from '../proxy/live-responses.ts';
import { sendRequest, type UpstreamProxy } from '../proxy/proxy.ts';
import type { EndReason, GrantSnapshot } from '../proxy/recheck.ts';
import type { UpstreamHeaders } from '../proxy/request-headers.ts';
import type { ClientHeaders } from '../proxy/response-headers.ts';
import type { ProxiedRequest } from '../proxy/response-relay.ts';
import { refusalOfEnd, Upload } from '../proxy/upload.ts';
import type { UpstreamConnection } from '../proxy/upstream-connection.ts';
import type { UpstreamConnections } from '../proxy/upstream-connections.ts';
import type { Authenticated, RequestContext } from '../request-context.ts';
import type { Received } from './body.ts';
import type { Granted, Judge } from './judgement.ts';
import type { Grant } from './policy.ts';

type Release = ProxiedRequest['release'];

export interface ForwardDeps {
  upstreamHeaders: UpstreamHeaders;
  clientHeaders: ClientHeaders;
  activity: ActivityTracker;
  assertionFor: AssertionSource;
  proxy: UpstreamProxy;
  liveResponses: LiveResponses;
  bodyMaxBytes: number;
}

/** Stage 9: sends a granted request to the upstream, with an assertion in place of the user's token. */
export class Forwarding {
  readonly #deps: ForwardDeps;
  readonly #context: RequestContext;
  readonly #judge: Judge;

  constructor(deps: ForwardDeps, context: RequestContext, judge: Judge) {
    this.#deps = deps;
    this.#context = context;
    this.#judge = judge;
  }

  /**
   * Sends the request at once if a connection is free. A request that waits for one, or that is sent again, is judged
   * again first. @throws {RedisUnavailable}
   */
  async start(received: Received, isRepeated = false): Promise<void> {
    const { requests, streams } = this.#deps.proxy;
    const connections = isEventStream(this.#context.incoming, received.granted.grant) ? streams : requests;
    const free = isRepeated ? undefined : connections.take();
    const connection = free ?? (await this.#waitForConnection(connections, received));
    if (connection === undefined) return;
    let release: Release | undefined = (isReusable) => connections.release(connection, isReusable);
    try {
      const present = free === undefined ? await this.#judgeAgain(received) : received;
      if (present === undefined) return;
      const request = this.#requestFor(present, release, isRepeated);
      if (this.#context.outgoing.destroyed) return;
      release = undefined;
      sendRequest(connection, request);
      // Last, so that no command of this request waits for the write of the activity.
      if (!isRepeated) noteActivity(this.#deps.activity, this.#context, present.granted.user.claims);
    } finally {
      release?.(true);
    }
  }

  async #waitForConnection(
    connections: UpstreamConnections,
    { granted }: Received,
  ): Promise<UpstreamConnection | undefined> {
    const connection = connections.take() ?? (await connections.wait(this.#context.outgoing));
    if (!(connection instanceof Refusal)) return connection;
    refuse(this.#context, connection, granted.user.claims);
    return undefined;
  }

  async #judgeAgain({ body }: Received): Promise<Received | undefined> {
    const granted = await this.#judge();
    if (!('refusal' in granted)) return { granted, body };
    refuse(this.#context, granted.refusal, granted.claims);
    return undefined;
  }

  #requestFor(received: Received, release: Release, isRepeated: boolean): ProxiedRequest {
    const { upstreamHeaders, clientHeaders, assertionFor, liveResponses } = this.#deps;
    const { incoming, outgoing, path, requestId, strictTransport, clientAddress, record, trace } =
      this.#context;
    const { user, grant, atMs } = received.granted;
    const { claims, authorization } = user;
    const asserted = {
      method: incoming.method ?? '',
      path: upstreamPath(path),
      scope: grant.scope,
      bodyDigest: Buffer.isBuffer(received.body) ? hash('sha256', received.body, 'base64url') : undefined,
    };
    const assertion = assertionFor(claims, authorization, asserted, atMs);
    return {
      incoming,
      outgoing,
      target: upstreamPath(incoming.url ?? ''),
      headers: upstreamHeaders(incoming, { assertion, clientAddress, requestId, trace }),
      body: received.body === 'streamed' ? this.#upload(received.granted) : received.body,
      clientHeaders,
      requestId,
      record,
      sending: record.begin('upstream'),
      strictTransport,
      release,
      onRefusal: (refusal) => refuse(this.#context, refusal, claims),
      onLost: isRepeated ? undefined : () => this.#repeat(received),
      onLiveResponse: (close) => liveResponses.watch(outgoing, this.#snapshot(user), close),
    };
  }

  /** Streams a long body. A revocation ends the upload, and it is judged once more before its last chunk is released. */
  #upload({ user }: Granted): Upload {
    const { incoming, outgoing } = this.#context;
    const upload = Upload.of(incoming, {
      maxBytes: this.#deps.bodyMaxBytes,
      judge: () => this.#refusalOfUpload(user),
    });
    const onRevoked = (reason?: EndReason): void => {
      if (reason !== undefined) upload.refuse(refusalOfEnd(reason));
    };
    this.#deps.liveResponses.watch(outgoing, this.#snapshot(user), onRevoked, 'upload');
    return upload;
  }

  async #refusalOfUpload({ authorization }: Authenticated): Promise<Refusal<GatewayReason> | undefined> {
    const present = await this.#judge();
    if ('refusal' in present) return present.refusal;
    return present.user.authorization.role === authorization.role ? undefined : refusalOfEnd('role_changed');
  }

  #repeat(received: Received): void {
    this.start(received, true).catch((fault) => refuseFault(this.#context, fault));
  }

  #snapshot({ claims, kid, authorization }: Authenticated): GrantSnapshot {
    return { claims, kid: kid(), authorization, address: this.#context.clientAddress };
  }
}

/** Logs a granted request and counts it as the user's activity, which keeps the session from idling out. */
export function recordGrant(
  activity: ActivityTracker,
  context: RequestContext,
  { sub, sid }: AccessClaims,
): void {
  noteActivity(activity, context, { sub, sid });
  logGrant(context, { sub, sid });
}

function noteActivity(
  activity: ActivityTracker,
  { incoming, nowMs }: RequestContext,
  { sub, sid }: Pick<AccessClaims, 'sub' | 'sid'>,
): void {
  if (isUserActivity(incoming)) activity.note(sub, sid, nowMs);
}

/** Whether a request opens an event stream: its rule says so, or the client accepts one. */
export const isEventStream = (incoming: IncomingMessage, { kind }: Grant): boolean =>
  kind === 'stream' || acceptsEventStream(incoming);

/** Polling and event streams are sent by a page while its user may be away, so they do not count as activity. */
const isUserActivity = ({ headers }: IncomingMessage): boolean =>
  headers['x-background'] !== '1' && !acceptsEventStream({ headers });

const acceptsEventStream = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers.accept?.toLowerCase().includes('text/event-stream') === true;
