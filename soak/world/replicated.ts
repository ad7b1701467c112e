import type { StatedLoss } from './topology.ts';

/** Revocations, transfers and audit records are acknowledged when all replicas that can be promoted have them. */
export const confirmedBy = (replicas: number): Record<string, string> => ({
  REVOCATION_REPLICAS: `${replicas}`,
  TRANSFER_REPLICAS: `${replicas}`,
  AUDIT_REPLICAS: `${replicas}`,
});

/** What a failover may cost with `confirmedBy` all replicas. */
export const LOSES_SESSIONS: StatedLoss = {
  text: 'logins, refreshes, unblocks and promotions of the last seconds before a failover; as all replicas that can be promoted have to confirm them, no revocation, no transfer and no audit record',
  lagMs: 15_000,
  money: false,
  audit: false,
};
