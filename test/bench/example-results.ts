import type { Results } from '../../bench/report/results.ts';

type Round = Results['closed'][number]['rounds'][number];

/** A round with this CPU time per request. */
export const round = (cpuMicrosPerRequest: number): Round => ({
  cpuMicrosPerRequest,
  requestsPerSecond: 1_000_000 / cpuMicrosPerRequest,
  coreShare: 1,
  p50Ms: 2,
  p99Ms: 5,
  p999Ms: 9,
});

const closed = (contestant: string, sessions: number, ...cpuMicros: number[]) => ({
  contestant,
  sessions,
  rounds: cpuMicros.map(round),
});

const contestant = (id: string, kind: 'ours' | 'peer') => ({
  id,
  name: `the ${id}`,
  kind,
  description: `What ${id} is.`,
  checks: [{ token: 'expired', expected: 401, status: 401 }],
});

/** Results with round figures. */
export const exampleResults = (changes: Partial<Results> = {}): Results => ({
  format: 1,
  date: '2026-01-02T03:04:05.000Z',
  durationSeconds: 600,
  machine: { cpu: 'Example CPU', cores: 2, memoryGib: 8, system: 'Linux' },
  versions: { node: 'v26.0.0', redis: '7.0.0' },
  plan: { rounds: 3, windowMs: 1000, connections: 64, sessions: [64, 40_000] },
  contestants: [
    contestant('gateway', 'ours'),
    contestant('nginx', 'peer'),
    { ...contestant('go', 'peer'), checks: [], leftOut: 'Go is not installed' },
  ],
  closed: [
    closed('gateway', 64, 98, 100, 102),
    closed('gateway', 40_000, 99, 100, 110),
    closed('nginx', 64, 79, 80, 81),
    closed('nginx', 40_000, 79, 80, 81),
  ],
  open: [
    { contestant: 'gateway', sessions: 40_000, share: 0.7, measured: openFigures(3) },
    { contestant: 'nginx', sessions: 40_000, share: 0.7, measured: openFigures(2.5) },
  ],
  mix: [{ contestant: 'gateway', kind: '1 KiB POST', rounds: [round(150)] }],
  redis: { sessions: 40_000, bytesPerSession: 500, bytesPerUser: 500, seconds: 3 },
  gc: [{ contestant: 'gateway', sessions: 64, minorPercent: 2, majorPercent: 1 }],
  faults: [],
  profile: [{ name: 'verify', place: 'src/jwt/verify.ts:12', selfPercent: 12.5 }],
  sizing: {
    loginCpuMicros: 50_000,
    refreshCpuMicros: 1000,
    streamCpuMicrosPerSecond: 10,
    streamBytes: 32_768,
  },
  ...changes,
});

function openFigures(p99Ms: number): Results['open'][number]['measured'] {
  return {
    ...{ requestsPerSecond: 7000, cpuMicrosPerRequest: 100, completedShare: 1, generatorP99Ms: 0.1 },
    ...{ p50Ms: 1, p99Ms, p999Ms: 9 },
  };
}
