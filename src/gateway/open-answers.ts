import type { ServerResponse } from 'node:http';
import type { Logger } from '../log.ts';
import type { RedisLink } from '../redis/connect.ts';
import { revocationsChannel } from '../redis/keys.ts';
import { Refusal } from '../refusal.ts';
import type { AccessClaims } from '../token/access-token.ts';
import { askWhitelist } from '../token/whitelist.ts';

/** How often answers that are still open are judged again, whatever the channel says or misses. */
const JUDGED_EVERY_MS = 2000;

interface OpenAnswer {
  outgoing: ServerResponse;
  claims: AccessClaims;
}

export interface OpenAnswersParts {
  redis: RedisLink;
  /** A connection that is used for nothing but listening. */
  listener: RedisLink;
  log: Logger;
  now: () => number;
}

/**
 * The answers that go on for longer than a moment: event streams and long downloads. A request is judged when it
 * comes; these are judged again as long as they are open, at once when something of their user's is revoked and
 * every few seconds besides, and end when they would no longer be let in.
 */
export class OpenAnswers {
  readonly #parts: OpenAnswersParts;
  readonly #bySubject = new Map<string, Set<OpenAnswer>>();
  readonly #timer: NodeJS.Timeout;

  constructor(parts: OpenAnswersParts) {
    this.#parts = parts;
    parts.listener.onReady(() => void this.#listen());
    this.#timer = setInterval(() => this.#judgeAll(), JUDGED_EVERY_MS);
    this.#timer.unref();
  }

  /** Watches an answer until it is complete. */
  watch(outgoing: ServerResponse, claims: AccessClaims): void {
    const answer = { outgoing, claims };
    const answers = this.#bySubject.get(claims.sub) ?? new Set();
    this.#bySubject.set(claims.sub, answers.add(answer));
    outgoing.on('close', () => {
      answers.delete(answer);
      if (answers.size === 0 && this.#bySubject.get(claims.sub) === answers)
        this.#bySubject.delete(claims.sub);
    });
  }

  /** How many answers are open. */
  get size(): number {
    return [...this.#bySubject.values()].reduce((sum, answers) => sum + answers.size, 0);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #listen(): Promise<void> {
    const { listener, log } = this.#parts;
    try {
      await listener.run((client) =>
        client.subscribe(revocationsChannel(), (sub) => this.#judgeSubject(sub)),
      );
    } catch (err) {
      log.warn({ event: 'revocations_not_heard', err }, 'open answers end late for now');
    }
    this.#judgeAll();
  }

  #judgeAll(): void {
    for (const sub of this.#bySubject.keys()) this.#judgeSubject(sub);
  }

  #judgeSubject(sub: string): void {
    for (const answer of this.#bySubject.get(sub) ?? []) void this.#judge(answer);
  }

  /** While Redis can't be asked nobody new gets in; those who are in stay until it can. */
  async #judge({ outgoing, claims }: OpenAnswer): Promise<void> {
    const { redis, log, now } = this.#parts;
    const isExpired = claims.exp * 1000 <= now();
    const verdict = isExpired
      ? new Refusal('token_expired')
      : await askWhitelist(redis, claims).catch(() => undefined);
    if (!(verdict instanceof Refusal) || outgoing.destroyed) return;
    log.info(
      { event: 'answer_ended', reason: verdict.reason, sub: claims.sub, sid: claims.sid },
      'ended an open answer',
    );
    outgoing.destroy();
  }
}
