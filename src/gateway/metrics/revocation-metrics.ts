import { counted, gauge } from '../../metrics/gauge.ts';
import type { Metric } from '../../metrics/metric.ts';

/** What a process knows of its revocations, and of those that it was told of. */
export interface MeasuredRevocations {
  revocations?:
    | {
        readonly journalSize: number;
        readonly dropped: number;
        readonly replays: number;
        readonly replayed: number;
        readonly pendingConfirmations: number;
      }
    | undefined;
}

/** The journal of revocations, which is applied again to each Redis server that is new to this process. */
export const revocationMetrics = (of: MeasuredRevocations): Metric[] => [
  gauge(
    'portcullis_revocation_journal_entries',
    'Revocations of the last access-token lifetime that this process remembers, its own and those of others.',
    () => of.revocations?.journalSize,
  ),
  counted(
    'portcullis_revocation_journal_dropped_total',
    'Revocations that were forgotten early because the journal was full.',
    () => of.revocations?.dropped,
  ),
  counted(
    'portcullis_revocation_replays_total',
    'How often the journal was applied to a Redis server that was new to this process.',
    () => of.revocations?.replays,
  ),
  counted(
    'portcullis_revocations_replayed_total',
    'Earlier revocations that were applied again to a Redis server that may have lacked them.',
    () => of.revocations?.replayed,
  ),
  gauge(
    'portcullis_confirmations_pending',
    'Writes that wait until enough replicas have them.',
    () => of.revocations?.pendingConfirmations,
  ),
];
