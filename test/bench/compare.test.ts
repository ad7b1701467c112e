import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandLine } from '../../bench/command-line.ts';
import type { Results } from '../../bench/report/results.ts';
import { exampleResults, round } from './example-results.ts';

/** Results in which the gateway and nginx had these CPU times. */
const resultsWith = (gateway: readonly number[], nginx: readonly number[]): Results =>
  exampleResults({
    closed: [
      { contestant: 'gateway', sessions: 64, rounds: gateway.map(round) },
      { contestant: 'nginx', sessions: 64, rounds: nginx.map(round) },
    ],
  });

/** Compares two results as the command line does. @returns its exit code and output */
async function compare(before: unknown, after: unknown, ...options: string[]) {
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-compare-'));
  const files = [join(directory, 'before.json'), join(directory, 'after.json')];
  let output = '';
  const write = (text: string): void => {
    output += text;
  };
  try {
    await writeFile(files[0] as string, JSON.stringify(before));
    await writeFile(files[1] as string, JSON.stringify(after));
    const exitCode = await commandLine(['--compare', ...files, ...options], { out: write, log: write });
    return { exitCode, output };
  } finally {
    await rm(directory, { recursive: true });
  }
}

const before = resultsWith([100, 100, 100], [80, 80, 80]);

describe('a comparison of two runs', () => {
  test('ends with 0 if nothing is worse', async () => {
    expect(await compare(before, before)).toMatchObject({ exitCode: 0 });
  });

  test('ends with 1 if the gateway costs more, by more than the threshold', async () => {
    const after = resultsWith([120, 120, 120], [80, 80, 80]);
    const { exitCode, output } = await compare(before, after);
    expect(exitCode).toBe(1);
    expect(output).toContain('| gateway | 64 | 1.25 | 1.50 | +20.0 % | ±0.0 % | **worse** |');
  });

  test('ends with 0 if the gateway costs more, but by less than the threshold', async () => {
    const after = resultsWith([120, 120, 120], [80, 80, 80]);
    expect(await compare(before, after, '--threshold', '25')).toMatchObject({ exitCode: 0 });
  });

  test('ends with 0 if the whole machine was slower', async () => {
    expect(await compare(before, resultsWith([200, 200, 200], [160, 160, 160]))).toMatchObject({
      exitCode: 0,
    });
  });

  test('ends with 0 if the rounds of a run differ by more than the change', async () => {
    expect(await compare(before, resultsWith([90, 120, 150], [80, 80, 80]))).toMatchObject({ exitCode: 0 });
  });

  test('ends with 2 if the runs have no reference in common', async () => {
    const { exitCode, output } = await compare(before, { ...before, closed: before.closed.slice(0, 1) });
    expect(exitCode).toBe(2);
    expect(output).toContain('the two runs have no reference in common');
  });

  test('ends with 2 if a file is not a results file', async () => {
    const { exitCode, output } = await compare(before, { format: 1 });
    expect(exitCode).toBe(2);
    expect(output).toContain('after.json is not a results file of the benchmark');
  });
});
