import type { ServerResponse } from 'node:http';
import type { Logger } from '../../log.ts';
import { revocationsChannel } from '../../redis/keys.ts';
import type { Subscriber } from '../../redis/subscriber.ts';
import { revokedUser } from '../../users/revocations/entry.ts';
import { type EndReason, type GrantSnapshot, type RecheckDeps, recheckGrant } from './recheck.ts';

/** How soon a new response is checked for the first time, and how late the end of one with an expired token can be. */
const TICK_MS = 100;
/** Every live response is checked at least this often, even if the revocation channel misses a message. */
const CHECK_EVERY_MS = 2000;
/** How long a client may take to read the end of a response that was closed; then it is disconnected. */
const CLOSE_TIMEOUT_MS = 3000;

/** Closes a response in a better way than by disconnecting the client. Without a reason, the gateway is shutting down. */
type CloseHandler = (reason?: EndReason) => void;

/** `upload`: the response to a long upload, which has not begun yet. */
export type LiveKind = 'stream' | 'download' | 'upload';

interface LiveResponse {
  kind: LiveKind;
  outgoing: ServerResponse;
  grant: GrantSnapshot;
  close: CloseHandler | undefined;
  /** When it is to be checked next, by the monotonic clock. */
  dueMs: number;
}

interface LiveResponsesDeps extends RecheckDeps {
  subscriber: Subscriber;
  log: Logger;
  now: () => number;
}

/**
 * Live responses are event streams, long downloads, and the coming responses to long uploads. They are checked again
 * while they are open, immediately when something of their user is revoked and every two seconds, and are closed when
 * the request would no longer be granted.
 */
export class LiveResponses {
  readonly #deps: LiveResponsesDeps;
  readonly #bySubject = new Map<string, Set<LiveResponse>>();
  readonly #timer: NodeJS.Timeout;
  #stopping = false;

  constructor(deps: LiveResponsesDeps) {
    this.#deps = deps;
    deps.subscriber.subscribe(
      revocationsChannel(),
      (message) => this.#check(this.#bySubject.get(revokedUser(message)) ?? []),
      () => this.#check(this.#all()),
    );
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  /** Watches a response until it is complete or closed. Without `close`, the client is disconnected. */
  watch(
    outgoing: ServerResponse,
    grant: GrantSnapshot,
    close?: CloseHandler,
    kind: LiveKind = close === undefined ? 'download' : 'stream',
  ): void {
    if (outgoing.closed) return;
    const response = { kind, outgoing, grant, close, dueMs: 0 };
    const { sub } = grant.claims;
    this.#bySubject.set(sub, (this.#bySubject.get(sub) ?? new Set()).add(response));
    outgoing.on('close', () => this.#remove(response));
    if (this.#stopping) this.#closeGracefully(response);
  }

  /** Closes all responses that have a close handler, now and from now on, so that a shutdown need not wait for them. */
  stop(): void {
    this.#stopping = true;
    for (const response of this.#all()) this.#closeGracefully(response);
  }

  /** How many responses are live. */
  get size(): number {
    return [...this.#bySubject.values()].reduce((sum, responses) => sum + responses.size, 0);
  }

  /** The same by kind. */
  get counts(): Record<LiveKind, number> {
    const counts = { stream: 0, download: 0, upload: 0 };
    for (const { kind } of this.#all()) counts[kind] += 1;
    return counts;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** New responses are checked early: what was revoked before they were watched has been announced already. */
  #tick(): void {
    const nowMs = this.#deps.now();
    const tickMs = performance.now();
    this.#check(
      this.#all().filter(({ dueMs, grant }) => dueMs <= tickMs || grant.claims.exp * 1000 <= nowMs),
    );
  }

  #all(): LiveResponse[] {
    return [...this.#bySubject.values()].flatMap((responses) => [...responses]);
  }

  #check(responses: Iterable<LiveResponse>): void {
    for (const response of responses) {
      response.dueMs = nextCheckMs();
      void this.#closeIfRevoked(response);
    }
  }

  async #closeIfRevoked(response: LiveResponse): Promise<void> {
    const { outgoing, grant, close } = response;
    const reason = await recheckGrant(this.#deps, grant, this.#deps.now());
    if (reason === undefined || outgoing.destroyed || !this.#remove(response)) return;
    const { sub, sid } = grant.claims;
    this.#deps.log.info({ event: 'answer_ended', reason, sub, sid }, 'closed a live response');
    if (close === undefined) outgoing.destroy();
    else {
      close(reason);
      disconnectIfUnread(outgoing);
    }
  }

  #closeGracefully(response: LiveResponse): void {
    if (response.close !== undefined && this.#remove(response)) response.close();
  }

  /** Returns whether the response was still watched: of several checks at a time, only the first closes it. */
  #remove(response: LiveResponse): boolean {
    const { sub } = response.grant.claims;
    const responses = this.#bySubject.get(sub);
    const wasWatched = responses?.delete(response) ?? false;
    if (responses?.size === 0) this.#bySubject.delete(sub);
    return wasWatched;
  }
}

/** Spread at random, so that thousands of responses that began together are not checked at one moment. */
const nextCheckMs = (): number => performance.now() + CHECK_EVERY_MS * (0.5 + Math.random() / 2);

/** A client that does not read would otherwise keep its connection, and what waits for it, indefinitely. */
function disconnectIfUnread(outgoing: ServerResponse): void {
  const timer = setTimeout(() => outgoing.destroy(), CLOSE_TIMEOUT_MS).unref();
  outgoing.once('close', () => clearTimeout(timer));
}
