import { readFileSync } from 'node:fs';
import { counted, gauge, ReadMetric } from './gauge.ts';
import type { Metric } from './metric.ts';

/** When this process started, in seconds since the epoch. */
const STARTED_SECONDS = performance.timeOrigin / 1000;

/** The version in `package.json`. */
const VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** What Node knows of this process, under the names that client libraries of Prometheus use. */
export const processMetrics = (): Metric[] => [
  new ReadMetric(
    'gauge',
    { name: 'portcullis_build_info', help: 'Always 1, with the version that is running.', label: 'version' },
    () => ({ [VERSION]: 1 }),
  ),
  counted('process_cpu_seconds_total', 'CPU time of the process, all threads, in seconds.', cpuSeconds),
  gauge('process_resident_memory_bytes', 'Resident memory of the process, in bytes.', () =>
    process.memoryUsage.rss(),
  ),
  gauge(
    'process_start_time_seconds',
    'When the process started, in seconds since the epoch.',
    () => STARTED_SECONDS,
  ),
  gauge('nodejs_heap_size_used_bytes', 'Heap in use, in bytes.', () => process.memoryUsage().heapUsed),
  gauge(
    'nodejs_heap_size_total_bytes',
    'Heap that is allocated, in bytes.',
    () => process.memoryUsage().heapTotal,
  ),
  gauge(
    'nodejs_external_memory_bytes',
    'Memory of buffers and other objects outside of the heap, in bytes.',
    () => process.memoryUsage().external,
  ),
];

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
