import { Lookup } from './lookup.ts';
import { count, fixed, numbers, table } from './markdown.ts';
import type { Results } from './results.ts';

/** Machines are planned with this share of their capacity, so that peaks and the loss of one fit. */
export const PLANNED_SHARE = 0.6;
/** The memory that Redis needs beyond the data: fragmentation, buffers, copies of pages while it saves. */
export const REDIS_OVERHEAD = 1.5;
const GIB = 1024 ** 3;
const MICROS = 1_000_000;

/** What one unit of a resource serves. */
export interface Capacity {
  readonly requestsPerVcpu: number;
  readonly loginsPerVcpu: number;
  readonly refreshesPerVcpu: number;
  readonly streamsPerVcpu: number;
  readonly streamBytes: number;
  /** With a user each. */
  readonly sessionsPerGib: number;
}

/** Capacities from measured CPU times and sizes, at full use; undefined if one of them was not measured. */
export function capacityOf(results: Results): Capacity | undefined {
  const { sizing, redis } = results;
  const lookup = new Lookup(results);
  const cpu = lookup.cpu('gateway', Math.max(...results.plan.sessions));
  if (sizing === undefined || redis === undefined || cpu === undefined) return undefined;
  return {
    requestsPerVcpu: MICROS / cpu,
    loginsPerVcpu: MICROS / sizing.loginCpuMicros,
    refreshesPerVcpu: MICROS / sizing.refreshCpuMicros,
    streamsPerVcpu: MICROS / sizing.streamCpuMicrosPerSecond,
    streamBytes: sizing.streamBytes,
    sessionsPerGib: GIB / ((redis.bytesPerSession + redis.bytesPerUser) * REDIS_OVERHEAD),
  };
}

/** A bank's load, as multiples of its live sessions. Each assumption is a column of the table or in its text. */
export const ASSUMPTIONS = {
  secondsPerRequest: 30,
  secondsPerRefresh: 300,
  secondsPerLogin: 1800,
  streamShare: 0.1,
};
const LIVE_SESSIONS = [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/** How many vCPUs a number of live sessions needs, by cause, and how much memory. */
export function demandOf(capacity: Capacity, sessions: number) {
  const { secondsPerRequest, secondsPerRefresh, secondsPerLogin, streamShare } = ASSUMPTIONS;
  const vcpus = {
    requests: sessions / secondsPerRequest / capacity.requestsPerVcpu,
    logins: sessions / secondsPerLogin / capacity.loginsPerVcpu,
    refreshes: sessions / secondsPerRefresh / capacity.refreshesPerVcpu,
    streams: (sessions * streamShare) / capacity.streamsPerVcpu,
  };
  const busy = Object.values(vcpus).reduce((sum, each) => sum + each, 0);
  return {
    ...vcpus,
    requestsPerSecond: sessions / secondsPerRequest,
    planned: Math.max(1, Math.ceil(busy / PLANNED_SHARE)),
    redisGib: sessions / capacity.sessionsPerGib,
    streamGib: (sessions * streamShare * capacity.streamBytes) / GIB,
  };
}

export function sizingTables(results: Results): string {
  const capacity = capacityOf(results);
  return capacity === undefined ? 'Not measured.' : [unitTable(capacity), demandTable(capacity)].join('\n\n');
}

const unitTable = (capacity: Capacity): string =>
  table(
    ['one unit', ...numbers('serves'), ''],
    [
      ['1 vCPU', fixed(capacity.requestsPerVcpu), 'proxied requests per second'],
      ['1 vCPU', fixed(capacity.loginsPerVcpu, 1), 'logins per second (one Argon2id hash each)'],
      ['1 vCPU', fixed(capacity.refreshesPerVcpu), 'refreshes per second (one PS256 signature each)'],
      ['1 vCPU', fixed(capacity.streamsPerVcpu), 'open event streams without events'],
      ['1 GiB of the gateway', fixed(GIB / capacity.streamBytes), 'open event streams'],
      ['1 GiB of Redis', fixed(capacity.sessionsPerGib), 'live sessions, each of its own user'],
    ],
  );

function demandTable(capacity: Capacity): string {
  const { secondsPerRequest, secondsPerRefresh, secondsPerLogin, streamShare } = ASSUMPTIONS;
  const rows = LIVE_SESSIONS.map((sessions) => {
    const demand = demandOf(capacity, sessions);
    const causes = [demand.requests, demand.logins, demand.refreshes, demand.streams];
    return [
      count(sessions),
      fixed(demand.requestsPerSecond),
      ...causes.map((vcpus) => fixed(vcpus, vcpus < 10 ? 1 : 0)),
      fixed(demand.planned),
      fixed(demand.redisGib, demand.redisGib < 10 ? 1 : 0),
      fixed(demand.streamGib, demand.streamGib < 10 ? 1 : 0),
    ];
  });
  const headings = ['live sessions', 'requests/s', 'vCPU: requests', 'logins', 'refreshes', 'streams'];
  const memory = ['planned vCPUs', 'Redis GiB', 'GiB for streams'];
  return `Each live session sends a request every ${secondsPerRequest} s, refreshes its token every ${secondsPerRefresh} s and begins with a login every ${secondsPerLogin / 60} minutes; ${streamShare * 100} % have an event stream open. vCPUs are planned with ${PLANNED_SHARE * 100} % of their capacity, and Redis with ${REDIS_OVERHEAD} times the size of its data.

${table(numbers(...headings, ...memory), rows)}`;
}
