import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { gatewaySettings } from '../../src/config/load.ts';
import { dividedSettings } from '../../src/workers/divided-settings.ts';

describe('the settings of a worker', () => {
  test('have its part of what limits the gateway as a whole, and the whole limits of users and networks', () => {
    const settings = gatewaySettings({
      WORKERS: '4',
      PASSWORD_WORKERS: '6',
      HELD_BODIES_MAX_BYTES: '8388608',
    });
    expect(dividedSettings(settings)).toEqual({
      ...settings,
      connectionsMax: 2500,
      connectionsPerNetworkMax: 500,
      bankConnectionsMax: 64,
      bankStreamsMax: 1024,
      bankQueueMax: 256,
      heldBodiesMaxBytes: 2_097_152,
      heldBodiesPerUserMaxBytes: 524_288,
      passwordWorkers: 1,
      passwordQueueMax: 64,
      passwordQueuePerNetworkMax: 16,
      mailQueueMax: Math.floor(settings.mailQueueMax / 4),
      auditRecordsPerActorPerMinute: 15,
    });
  });

  test('leave each of many workers room for one body and one password at a time', () => {
    const settings = gatewaySettings({ WORKERS: '256', HELD_BODY_MAX_BYTES: '1048576' });
    const divided = dividedSettings(settings);
    expect(divided.heldBodiesPerUserMaxBytes).toBe(1_048_576);
    expect(divided.passwordWorkers).toBe(1);
  });
});

describe('WORKERS', () => {
  test('is 1 unless it is set, and with auto one for each core', () => {
    expect(gatewaySettings({}).workers).toBe(1);
    expect(gatewaySettings({ WORKERS: 'auto' }).workers).toBe(Math.min(availableParallelism(), 256));
  });

  test.for(['0', '257', '1.5', '-1', 'all'])('is not %s', (WORKERS) => {
    expect(() => gatewaySettings({ WORKERS })).toThrow('WORKERS: must be auto or a number from 1 to 256');
  });
});
