import type { ServerResponse } from 'node:http';
import type { GatewaySettings } from '../../config/load.ts';
import { type AddressRanges, isInRanges, networksOf } from '../../http/addresses.ts';
import { Refusal } from '../../refusal.ts';
import type { RequestContext } from '../request-context.ts';
import type { SharedLimits } from '../shares/exchange.ts';
import { type Rate, type SharedBuckets, TokenBuckets } from './token-buckets.ts';

type RateReason =
  | 'network_rate_exceeded'
  | 'user_rate_exceeded'
  | 'transfer_rate_exceeded'
  | 'session_change_rate_exceeded';

/** What a request needs to know to be counted. */
export type CountedRequest = Pick<RequestContext, 'outgoing' | 'clientAddress' | 'nowMs'>;

/** The IPv6 networks that one subscriber can have besides a /64 (RFC 6177), and how much more each may send. */
const WIDER_NETWORKS = [
  ['network-56', 2],
  ['network-48', 4],
] as const;

/**
 * How many requests are accepted per time. Each limit is a token bucket of this process, which debits what other
 * workers have granted (`../shares/`), so that counting costs neither Redis nor a round trip.
 */
export class RequestRates {
  readonly #networks: RateLimit<'network_rate_exceeded'>;
  readonly #users: RateLimit<'user_rate_exceeded'>;
  readonly #proofs: RateLimit<'user_rate_exceeded'>;
  readonly #transfers: RateLimit<'transfer_rate_exceeded'>;
  /** Of IPv6 /56 and /48. */
  readonly #widerNetworks: readonly RateLimit<'network_rate_exceeded'>[];
  readonly #sessionChanges: RateLimit<'session_change_rate_exceeded'>;
  readonly #trustedProxies: AddressRanges;

  /** @param sharing the limits that are shared with other workers, if there are any */
  constructor(settings: GatewaySettings, sharing?: Sharing) {
    const perSecond = (name: 'Network' | 'User'): Rate => ({
      perSecond: settings[`requestsPer${name}PerSecond`],
      burst: settings[`requestsPer${name}Burst`],
    });
    this.#networks = new RateLimit('network', 'network_rate_exceeded', perSecond('Network'), sharing);
    this.#widerNetworks = WIDER_NETWORKS.map(([name, factor]) => {
      const { perSecond: rate, burst } = perSecond('Network');
      const wider = { perSecond: rate * factor, burst: burst * factor };
      return new RateLimit(name, 'network_rate_exceeded', wider, sharing);
    });
    this.#users = new RateLimit('user', 'user_rate_exceeded', perSecond('User'), sharing);
    this.#proofs = new RateLimit('session', 'user_rate_exceeded', perSecond('User'), sharing);
    const transfers = perMinute(settings.transfersPerUserPerMinute);
    this.#transfers = new RateLimit('transfer', 'transfer_rate_exceeded', transfers, sharing);
    const sessionChanges = perMinute(settings.sessionChangesPerMinute);
    const changesReason = 'session_change_rate_exceeded';
    this.#sessionChanges = new RateLimit('session-change', changesReason, sessionChanges, sharing);
    this.#trustedProxies = settings.trustedProxies;
  }

  /** Counts any request. One of a trusted proxy itself, such as a health check, is always accepted. */
  countForNetwork(request: CountedRequest): Refusal<'network_rate_exceeded'> | undefined {
    const { clientAddress } = request;
    const isExempt = (): boolean => isInRanges(clientAddress, this.#trustedProxies);
    const [narrow, ...wider] = networksOf(clientAddress);
    for (const [index, network] of wider.entries()) {
      const refusal = this.#widerNetworks[index]?.count(request, network, isExempt);
      if (refusal !== undefined) return refusal;
    }
    return this.#networks.count(request, narrow, isExempt);
  }

  /** Counts a request of an authenticated user. */
  countForUser(request: CountedRequest, sub: string): Refusal<'user_rate_exceeded'> | undefined {
    return this.#users.count(request, sub);
  }

  /**
   * Counts a request with a proof of possession before Redis remembers the proof. It counts for its session, so that a
   * session that is over cannot use up the rate of its user.
   */
  countProof(request: CountedRequest, sid: string): Refusal<'user_rate_exceeded'> | undefined {
    return this.#proofs.count(request, sid);
  }

  /** Counts a transfer, besides counting it as a request. */
  countTransfer(request: CountedRequest, sub: string): Refusal<'transfer_rate_exceeded'> | undefined {
    return this.#transfers.count(request, sub);
  }

  /**
   * Counts a request that changes a session. It is not counted for its user: with a stolen token, somebody else could
   * then keep the user from ending the stolen session.
   */
  countSessionChange(
    request: CountedRequest,
    sid: string,
  ): Refusal<'session_change_rate_exceeded'> | undefined {
    return this.#sessionChanges.count(request, sid);
  }
}

/** How limits are shared with other workers. */
interface Sharing extends Pick<SharedBuckets, 'now'> {
  limits: SharedLimits | undefined;
}

const perMinute = (max: number): Rate => ({ perSecond: max / 60, burst: max });

const NOT_SHARED: Sharing = { limits: undefined, now: Date.now };

/** One of the limits, as it is enforced and as it is announced (draft-ietf-httpapi-ratelimit-headers). */
class RateLimit<Reason extends RateReason> {
  readonly #buckets: TokenBuckets;
  readonly #name: string;
  readonly #reason: Reason;
  readonly #announceBelow: number;
  readonly #policy: string;

  constructor(name: string, reason: Reason, rate: Rate, { limits, now }: Sharing = NOT_SHARED) {
    this.#buckets = new TokenBuckets(rate, undefined, limits && { limits, name, now });
    this.#name = name;
    this.#reason = reason;
    this.#announceBelow = rate.burst / 2;
    this.#policy = `"${name}";q=${rate.burst};w=${Math.ceil(rate.burst / rate.perSecond)}`;
  }

  /** Takes a token, or refuses. A client learns the state of its bucket once that is less than half full. */
  count(
    { outgoing, nowMs }: CountedRequest,
    subject: string,
    isExempt = (): boolean => false,
  ): Refusal<Reason> | undefined {
    const { granted, remaining, resetSeconds } = this.#buckets.take(subject, nowMs);
    if (remaining >= this.#announceBelow) return undefined;
    if (!granted && isExempt()) return undefined;
    this.#announce(outgoing, remaining, resetSeconds);
    return granted ? undefined : new Refusal(this.#reason, { retryAfterSeconds: resetSeconds });
  }

  #announce(outgoing: ServerResponse, remaining: number, resetSeconds: number): void {
    if (outgoing.headersSent) return;
    outgoing.appendHeader('ratelimit-policy', this.#policy);
    outgoing.appendHeader('ratelimit', `"${this.#name}";r=${remaining};t=${resetSeconds}`);
  }
}
