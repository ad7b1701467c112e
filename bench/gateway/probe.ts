import { once } from 'node:events';
import type { Profiler } from 'node:inspector';
import type { NodeServer } from '../processes/node-process.ts';

/** A message to the gateway's process. */
export interface ProbeRequest {
  probe: 'gc-start' | 'gc-stop' | 'profile-start' | 'profile-stop' | 'memory';
}

/** The time that the main thread spent in the garbage collector, by V8's own clock. */
export interface GcTotals {
  /** Collections of the young generation. */
  minorMs: number;
  /** All others, including the steps of incremental marking. */
  majorMs: number;
  count: number;
}

export interface ProbeReply {
  gc?: GcTotals;
  profile?: Profiler.Profile;
  residentBytes?: number;
}

const TIMEOUT_MS = 30_000;

/** Asks the gateway's process, and waits for its reply. */
export async function askGateway(
  { process: child }: Pick<NodeServer, 'process'>,
  probe: ProbeRequest['probe'],
): Promise<ProbeReply> {
  const reply = once(child, 'message', { signal: AbortSignal.timeout(TIMEOUT_MS) });
  child.send({ probe } satisfies ProbeRequest);
  const [message] = (await reply) as [ProbeReply];
  return message;
}
