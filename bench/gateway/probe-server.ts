import { Session } from 'node:inspector/promises';
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import type { GcTotals, ProbeReply, ProbeRequest } from './probe.ts';

const SAMPLING_INTERVAL_MICROS = 200;

/** In the process of the gateway: begins and ends measurements from within when the benchmark asks for them. */
export function listenForProbes(): void {
  const probes: Record<ProbeRequest['probe'], () => Promise<ProbeReply>> = {
    'gc-start': startGcCount,
    'gc-stop': stopGcCount,
    'profile-start': startProfile,
    'profile-stop': stopProfile,
    memory: async () => ({ residentBytes: process.memoryUsage.rss() }),
  };
  process.on('message', ({ probe }: ProbeRequest) => {
    void probes[probe]().then((reply) => process.send?.(reply));
  });
}

type GcEntry = PerformanceEntry & { detail: { kind: number } };

let gcTotals: GcTotals = { minorMs: 0, majorMs: 0, count: 0 };
let observer: PerformanceObserver | undefined;

async function startGcCount(): Promise<ProbeReply> {
  gcTotals = { minorMs: 0, majorMs: 0, count: 0 };
  observer = new PerformanceObserver((list) => {
    for (const { duration, detail } of list.getEntries() as GcEntry[]) {
      const { kind } = detail;
      gcTotals.count += 1;
      if (kind === constants.NODE_PERFORMANCE_GC_MINOR) gcTotals.minorMs += duration;
      else gcTotals.majorMs += duration;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return {};
}

async function stopGcCount(): Promise<ProbeReply> {
  await new Promise((resolve) => setImmediate(resolve));
  observer?.disconnect();
  return { gc: gcTotals };
}

let session: Session | undefined;

async function startProfile(): Promise<ProbeReply> {
  session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_MICROS });
  await session.post('Profiler.start');
  return {};
}

async function stopProfile(): Promise<ProbeReply> {
  if (session === undefined) throw new Error('no profile has been started');
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return { profile };
}
