import { describe, expect, test } from 'vitest';
import { RestartDelay } from '../../src/workers/restart-delay.ts';

describe('a worker that has crashed', () => {
  test('is replaced at once', () => {
    const delay = new RestartDelay();
    delay.count(1000);
    expect(delay.nextMs).toBe(0);
  });

  test('again and again is replaced after 250 ms and then twice as long each time, up to 30 s', () => {
    const delay = new RestartDelay();
    const waits = Array.from({ length: 11 }, () => {
      delay.count(0);
      return delay.nextMs;
    });
    expect(waits).toEqual([0, 250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('after 10 s of service is replaced at once, whatever was before', () => {
    const delay = new RestartDelay();
    for (let i = 0; i < 5; i += 1) delay.count(0);
    delay.count(10_000);
    expect(delay.nextMs).toBe(0);
  });
});
