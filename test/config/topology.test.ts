import { describe, expect, test } from 'vitest';
import { bankSettings, gatewaySettings, SettingsRefused } from '../../src/config/load.ts';

const SENTINELS = 's1.example:26379, S2.example:26379,[fd00::3]:26379';

/** The messages about these settings. */
function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    gatewaySettings(env);
    return [];
  } catch (fault) {
    if (fault instanceof SettingsRefused) return fault.faults;
    throw fault;
  }
}

test('gateway and bank read the same Sentinels', () => {
  const expected = ['s1.example:26379', 's2.example:26379', '[fd00::3]:26379'];
  expect(gatewaySettings({ REDIS_SENTINELS: SENTINELS }).redisSentinels).toEqual(expected);
  expect(bankSettings({ REDIS_SENTINELS: SENTINELS }).redisSentinels).toEqual(expected);
});

test.for(['s1.example', 's1.example:0', 's1.example:65536', 'redis://s1.example:1', 's1:1,s1:1', ','])(
  'REDIS_SENTINELS=%s is refused',
  (value) => {
    expect(faultsOf({ REDIS_SENTINELS: value })).toEqual([
      'REDIS_SENTINELS: must be different addresses, each host:port, separated by commas',
    ]);
  },
);

describe('settings that contradict each other are refused', () => {
  test.for<[string, Record<string, string>, string]>([
    [
      'a unix socket behind Sentinels',
      { REDIS_URL: 'unix:///run/redis.sock', REDIS_SENTINELS: SENTINELS },
      'REDIS_URL: must be redis:// or rediss:// together with REDIS_SENTINELS',
    ],
    [
      'a username at the Sentinels without a password',
      { REDIS_SENTINELS: SENTINELS, REDIS_SENTINEL_USERNAME: 'gate' },
      'REDIS_SENTINEL_PASSWORD: must be set together with REDIS_SENTINEL_USERNAME',
    ],
    [
      'Sentinels and a Cluster',
      { REDIS_SENTINELS: SENTINELS, REDIS_CLUSTER_NODES: 'n1.example:6379' },
      'REDIS_SENTINELS: must not be set together with REDIS_CLUSTER_NODES',
    ],
    [
      'a unix socket and a Cluster',
      { REDIS_URL: 'unix:///run/redis.sock', REDIS_CLUSTER_NODES: 'n1.example:6379' },
      'REDIS_URL: must be redis:// or rediss:// without a database together with REDIS_CLUSTER_NODES',
    ],
    [
      'a database of a Cluster',
      { REDIS_URL: 'redis://:secret@n1.example:6379/1', REDIS_CLUSTER_NODES: 'n1.example:6379' },
      'REDIS_URL: must be redis:// or rediss:// without a database together with REDIS_CLUSTER_NODES',
    ],
  ])('%s', ([, env, fault]) => {
    expect(faultsOf(env)).toEqual([fault]);
  });
});

test('in production, Sentinels without a password are refused', () => {
  const env = { NODE_ENV: 'production', REDIS_SENTINELS: SENTINELS };
  const fault = 'REDIS_SENTINEL_PASSWORD: must be set in production if REDIS_SENTINELS is';
  expect(faultsOf(env)).toContain(fault);
  expect(faultsOf({ ...env, REDIS_SENTINEL_PASSWORD: 'secret' })).not.toContain(fault);
});
