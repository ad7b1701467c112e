import { availableParallelism } from 'node:os';
import { test as base, expect } from 'vitest';
import { measureCalm } from '../../bench/calm/measure.ts';
import { type CalmResult, type Flood, SCENARIOS, type Scenario } from '../../bench/calm/scenarios.ts';

const ALL_CORES = `0-${availableParallelism() - 1}`;

/** A short run of all floods against one gateway in production. How long requests take is for the bench to judge. */
const test = base.extend('results', { scope: 'file' }, async (): Promise<Map<Scenario, CalmResult>> => {
  const results = await measureCalm({
    seconds: 1,
    warmUpSeconds: 0.2,
    connections: 8,
    floodConnections: 16,
    floodAddresses: 16,
    ratePerConnection: 5,
    gatewayCores: ALL_CORES,
    loadCores: ALL_CORES,
    // The longest: an outage that a busy machine causes is not what is tested.
    gatewayEnv: { REDIS_DEADLINE_MS: '900' },
  });
  return new Map(results.map((result) => [result.scenario, result]));
});

test('no request of a logged-in connection fails, whatever flood there is beside it', ({ results }) => {
  const failures = [...results.values()].map(({ scenario, requests, failures }) => [
    scenario,
    requests,
    failures,
  ]);
  expect(failures).toEqual(SCENARIOS.map((scenario) => [scenario, 8 * 5, 0]));
});

/** What each flood gets, the first of them at least once. A client that still sends may be disconnected instead. */
const RESPONSES: readonly (readonly [Flood, ...string[]])[] = [
  ['logins', '200', '429'],
  ['bad-signatures', '401', '429'],
  ['refreshes', '200', '429'],
  ['large-headers', '431', 'closed'],
  ['large-bodies', '413', '200', '429', 'closed'],
];

test.for(RESPONSES)(
  'a flood of %s gets the responses that it should, such as %s',
  ([flood, usual = '', ...others], { results }) => {
    const responses = results.get(flood)?.floodResponses ?? {};
    expect(responses[usual]).toBeGreaterThan(0);
    expect([usual, ...others]).toEqual(expect.arrayContaining(Object.keys(responses)));
  },
);
