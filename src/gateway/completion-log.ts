import type { RequestRecord, Stage } from '../request-record.ts';
import type { RequestContext } from './request-context.ts';

/**
 * Writes the line of a granted request that has ended. The decision has a line of its own (`decision-log.ts`), which is
 * written before the request has an effect. A refused request has only that one.
 */
export function logCompletion({ outgoing, record, requestId, trace, log }: RequestContext): void {
  if (!record.isGranted || !log.isLevelEnabled('info')) return;
  log.info({
    event: 'request_completed',
    status: outgoing.headersSent ? outgoing.statusCode : undefined,
    isComplete: outgoing.writableFinished,
    upstreamStatus: record.upstreamStatus,
    upstreamBytes: record.upstreamStatus === undefined ? undefined : record.upstreamBytes,
    latencyMs: millisecondsSince(record.startMs),
    signatureMs: stageMs(record, 'signature'),
    whitelistMs: stageMs(record, 'whitelist'),
    upstreamMs: stageMs(record, 'upstream'),
    requestId,
    traceId: trace.traceId,
  });
}

/** How long a stage took, in all its runs, to a tenth of a millisecond; undefined if it was not completed. */
function stageMs({ stages }: RequestRecord, stage: Stage): number | undefined {
  let ms: number | undefined;
  for (const run of stages)
    if (run.stage === stage && run.endMs !== undefined) ms = (ms ?? 0) + run.endMs - run.startMs;
  return ms === undefined ? undefined : tenths(ms);
}

/** The milliseconds since a time of `performance.now()`, to a tenth. */
export const millisecondsSince = (startMs: number): number => tenths(performance.now() - startMs);

const tenths = (ms: number): number => Math.round(ms * 10) / 10;
