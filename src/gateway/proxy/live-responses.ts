import type { ServerResponse } from 'node:http';
import type { AccessClaims } from '../../jwt/access-token.ts';
import type { RingSource } from '../../keys/ring.ts';
import type { Logger } from '../../log.ts';
import type { RedisLink } from '../../redis/connection.ts';
import { revocationsChannel } from '../../redis/keys.ts';
import { Refusal } from '../../refusal.ts';
import { checkWhitelist, type WhitelistReason } from '../../sessions/whitelist.ts';
import { type Authorization, isAddressAllowed } from '../../users/authorization.ts';

/** How soon an answer that has just begun is judged, and how late one ends whose token has expired. */
const TICK_MS = 500;
/** Whatever the channel says or misses, Redis is asked about every open answer once in so many ticks. */
const ALL_JUDGED_EVERY_TICKS = 4;
/** How long a client has to read the end of an answer that is no longer its own; then it is cut off. */
const END_READ_WITHIN_MS = 3000;

/** What an answer was let out on. */
export interface GrantSnapshot {
  claims: AccessClaims;
  /** The key that signed the token. */
  kid: string;
  authorization: Authorization;
  address: string;
}

/** Why an answer would no longer be let in as it was. */
export type EndReason =
  | WhitelistReason
  | 'token_expired'
  | 'key_retired'
  | 'address_refused'
  | 'role_changed';

/** How an answer ends that can do better than to be cut off. Without a reason, it is the gateway that stops. */
export type CloseHandler = (reason?: EndReason) => void;

interface LiveResponse {
  outgoing: ServerResponse;
  ground: GrantSnapshot;
  end: CloseHandler | undefined;
  isNew: boolean;
}

export interface LiveResponsesDeps {
  redis: RedisLink;
  /** A connection that is used for nothing but listening. */
  listener: RedisLink;
  ring: RingSource;
  log: Logger;
  now: () => number;
}

/**
 * The answers that go on for longer than a moment: event streams and long downloads. A request is judged when it
 * comes; these are judged again as long as they are open, at once when something of their user's is revoked and
 * every few seconds besides, and end when they would no longer be let in as they were.
 */
export class LiveResponses {
  readonly #deps: LiveResponsesDeps;
  readonly #bySubject = new Map<string, Set<LiveResponse>>();
  readonly #timer: NodeJS.Timeout;
  #ticks = 0;
  #stopping = false;

  constructor(deps: LiveResponsesDeps) {
    this.#deps = deps;
    deps.listener.onReady(() => void this.#listen());
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  /** Watches an answer until it is complete or is told to end, which it is once. It is cut off without an `end`. */
  watch(outgoing: ServerResponse, ground: GrantSnapshot, end?: CloseHandler): void {
    if (outgoing.closed) return;
    const answer = { outgoing, ground, end, isNew: true };
    const { sub } = ground.claims;
    this.#bySubject.set(sub, (this.#bySubject.get(sub) ?? new Set()).add(answer));
    outgoing.on('close', () => this.#forget(answer));
    if (this.#stopping) this.#endInOrder(answer);
  }

  /** Ends the answers that have a way to, so that a stop need not wait for them; those that still come end at once. */
  stop(): void {
    this.#stopping = true;
    for (const answer of this.#all()) this.#endInOrder(answer);
  }

  /** How many answers are open. */
  get size(): number {
    return [...this.#bySubject.values()].reduce((sum, answers) => sum + answers.size, 0);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #listen(): Promise<void> {
    const { listener, log } = this.#deps;
    try {
      await listener.run((client) =>
        client.subscribe(revocationsChannel(), (sub) => this.#judgeAnswers(this.#bySubject.get(sub) ?? [])),
      );
    } catch (err) {
      log.warn({ event: 'revocations_not_heard', err }, 'open answers end late for now');
    }
    this.#judgeAnswers(this.#all());
  }

  /** A new answer is judged once soon: what was revoked while the bank prepared it has been announced already. */
  #tick(): void {
    this.#ticks += 1;
    const isTimeForAll = this.#ticks % ALL_JUDGED_EVERY_TICKS === 0;
    const nowMs = this.#deps.now();
    this.#judgeAnswers(
      this.#all().filter(({ isNew, ground }) => isTimeForAll || isNew || ground.claims.exp * 1000 <= nowMs),
    );
  }

  #all(): LiveResponse[] {
    return [...this.#bySubject.values()].flatMap((answers) => [...answers]);
  }

  #judgeAnswers(answers: Iterable<LiveResponse>): void {
    for (const answer of answers) {
      answer.isNew = false;
      void this.#judge(answer);
    }
  }

  async #judge(answer: LiveResponse): Promise<void> {
    const { outgoing, ground, end } = answer;
    const reason = await this.#reasonToEnd(ground);
    if (reason === undefined || outgoing.destroyed || !this.#forget(answer)) return;
    const { sub, sid } = ground.claims;
    this.#deps.log.info({ event: 'answer_ended', reason, sub, sid }, 'ended an open answer');
    if (end === undefined) outgoing.destroy();
    else {
      end(reason);
      cutOffIfUnread(outgoing);
    }
  }

  #endInOrder(answer: LiveResponse): void {
    if (answer.end !== undefined && this.#forget(answer)) answer.end();
  }

  /** Whether it was still watched: of several judgements at one moment, the first to come back ends an answer. */
  #forget(answer: LiveResponse): boolean {
    const { sub } = answer.ground.claims;
    const answers = this.#bySubject.get(sub);
    const wasWatched = answers?.delete(answer) ?? false;
    if (answers?.size === 0) this.#bySubject.delete(sub);
    return wasWatched;
  }

  /** While Redis can't be asked nobody new gets in; those who are in stay until it can. */
  async #reasonToEnd({ claims, kid, authorization, address }: GrantSnapshot): Promise<EndReason | undefined> {
    const nowMs = this.#deps.now();
    if (claims.exp * 1000 <= nowMs) return 'token_expired';
    if (!this.#deps.ring.at(nowMs).all.some((key) => key.kid === kid)) return 'key_retired';
    const present = await checkWhitelist(this.#deps.redis, claims).catch(() => undefined);
    if (present === undefined) return undefined;
    if (present instanceof Refusal) return present.reason;
    if (!isAddressAllowed(present, address)) return 'address_refused';
    return present.role === authorization.role ? undefined : 'role_changed';
  }
}

/** A client that doesn't read would keep its connection, and what waits for it, for as long as it likes. */
function cutOffIfUnread(outgoing: ServerResponse): void {
  const timer = setTimeout(() => outgoing.destroy(), END_READ_WITHIN_MS).unref();
  outgoing.once('close', () => clearTimeout(timer));
}
