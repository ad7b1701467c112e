import { expect, test } from 'vitest';
import { renewalDelayMs } from '../../../src/web/auth-session/idle-time.ts';

test('tokens are renewed at a random moment between half and nine tenths of their lifetime', () => {
  const delays = Array.from({ length: 1000 }, () => renewalDelayMs(300_000));
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(150_000);
  expect(Math.max(...delays)).toBeLessThanOrEqual(270_000);
  expect(new Set(delays).size).toBeGreaterThan(900);
});

test('a token that has expired is renewed at once', () => {
  expect(renewalDelayMs(-1000)).toBe(0);
});
