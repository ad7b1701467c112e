/**
 * A primary as the Sentinels name it. A failover raises the epoch, so the same address with another epoch has been a
 * replica in the meantime.
 */
export interface Primary {
  /** `host:port`, with an IPv6 address in brackets. */
  address: string;
  /** `config-epoch` (Redis Sentinel, "Configuration epochs"). */
  epoch: string;
}

/** What a Sentinel said last. */
export interface Statement extends Primary {
  /** The id of the Sentinel (`SENTINEL MYID`). */
  sentinel: string;
  /** When it was asked, by the monotonic clock. What it said may have been true no longer than that. */
  askedAtMs: number;
}

/** What more than half of the Sentinels named. */
export interface MajorityVote {
  primary: Primary;
  /** Since when, in the worst case, none of them may have named another primary. */
  askedAtMs: number;
}

export const isSamePrimary = (one: Primary, other: Primary | undefined): boolean =>
  one.address === other?.address && one.epoch === other.epoch;

/**
 * The primary that more than half of all Sentinels named when they were asked after `sinceMs`, if there is one.
 *
 * Two majorities share a Sentinel, and no Sentinel returns to an earlier epoch. So once a majority has named a new
 * primary, no majority that is asked later names the old one.
 * @param count how many Sentinels there are, with those that said nothing
 */
export function majorityVote(
  statements: readonly Statement[],
  count: number,
  sinceMs: number,
): MajorityVote | undefined {
  const needed = Math.floor(count / 2) + 1;
  const fresh = statements.filter(({ askedAtMs }) => askedAtMs > sinceMs);
  for (const primary of fresh) {
    const askedAt = askedTimes(fresh.filter((statement) => isSamePrimary(statement, primary)));
    const askedAtMs = askedAt[needed - 1];
    if (askedAtMs === undefined) continue;
    return { primary: { address: primary.address, epoch: primary.epoch }, askedAtMs };
  }
  return undefined;
}

/** When each Sentinel was asked, the latest first. One that is configured under two addresses counts once. */
function askedTimes(statements: readonly Statement[]): number[] {
  const times = new Map<string, number>();
  for (const { sentinel, askedAtMs } of statements)
    times.set(sentinel, Math.max(askedAtMs, times.get(sentinel) ?? 0));
  return [...times.values()].sort((one, other) => other - one);
}
