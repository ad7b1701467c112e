import type { StatedLoss } from './topology.ts';

/** Revocations, transfers and audit records are acknowledged when a replica has them. */
export const CONFIRMED = { REVOCATION_REPLICAS: '1', TRANSFER_REPLICAS: '1', AUDIT_REPLICAS: '1' } as const;

/** What a failover may cost with `CONFIRMED`. */
export const LOSES_SESSIONS: StatedLoss = {
  text: 'logins, refreshes, unblocks and promotions of the last seconds before a failover; with REVOCATION_REPLICAS, TRANSFER_REPLICAS and AUDIT_REPLICAS at 1 no revocation, no transfer and no audit record',
  lagMs: 15_000,
  money: false,
  audit: false,
};
