import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOptions, type SoakOptions } from '../../soak/options.ts';
import { resultText, runSoak } from '../../soak/soak.ts';
import { copyWithout } from '../support/source-copy.ts';

const TIMEOUT_MS = 400_000;

/** With this seed, Redis is killed first, then a gateway, then Redis is frozen. */
const OPTIONS: SoakOptions = readOptions([
  '--seed',
  '42',
  '--fault-gap-ms',
  '1500',
  '--customer-gap-ms',
  '80',
]);

test('in 20 s with kills of Redis and of a gateway, no operation breaks a promise', {
  timeout: TIMEOUT_MS,
}, async ({ signal }) => {
  const options = { ...OPTIONS, minutes: 1 / 3 };
  const result = await runSoak(options, signal);
  expect(result.faults, resultText(result, options)).toEqual([]);
  expect(result.operations).toBeGreaterThan(50);
});

test('a gateway that does not ask whether the session has ended is found, with both operations', {
  timeout: TIMEOUT_MS,
}, async ({ signal, onTestFinished }) => {
  const copy = await copyWithout({
    file: 'sessions/whitelist.ts',
    present: "if (session === null) return new Refusal('session_over');",
    missing: '',
  });
  onTestFinished(() => rm(copy, { recursive: true, force: true }));
  const main = join(copy, 'src/main.ts');
  const { faults } = await runSoak({ ...OPTIONS, minutes: 1, faultGapMs: 60_000, main }, signal);
  expect(faults[0]).toMatch(
    /^accepted-after-revocation: session [\w-]{22}\n {2}#\d+ [\w-]+ by .* ok \(.*\)\n {2}#\d+ [\w-]+ by .* ok/,
  );
});
