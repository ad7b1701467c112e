import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { RetriedTests } from './test/support/retried-tests.ts';

/** The files that take longest, the longest first. The others follow by size. */
const SLOWEST = [
  'dev/redis/start',
  'gateway/proxy/memory',
  'browser/',
  'dev/dev',
  'keys/rotation-under-load',
  'cli/',
  'gateway/bad-input',
  'gateway/authority/',
  'security/',
  'keys/live-ring',
];

/** Starts the slowest files first, so that no worker is left with one of them when the others have finished. */
class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = SLOWEST.findIndex((name) => moduleId.includes(`/test/${name}`));
      return index === -1 ? SLOWEST.length : index;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Files share their worker's modules: loading them anew for each took a third of the time. No module keeps state
    // that another file could see; what a test starts is its own.
    isolate: false,
    maxWorkers: 2,
    sequence: { sequencer: SlowestFirst },
    // Many tests use real servers, browsers and failures, and a machine that stands still for a second makes one miss its
    // moment. What fails three times is a fault. Whatever was tried again is listed at the end, to be looked into.
    retry: 2,
    reporters: ['default', new RetriedTests()],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Processes that tests start load their modules twice as fast.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/node') },
  },
});
