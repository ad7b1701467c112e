import { describe, expect, test } from 'vitest';
import { ArgumentsRefused, readArguments } from '../../bench/arguments.ts';
import { planOf } from '../../bench/plan.ts';

/** Reads arguments. Returns the options, or the exit code and message of a rejection. */
function read(...args: string[]): unknown {
  let message = '';
  const write = (text: string): void => {
    message += text;
  };
  try {
    return readArguments(args, { out: write, log: write });
  } catch (fault) {
    if (!(fault instanceof ArgumentsRefused)) throw fault;
    return { exitCode: fault.exitCode, message };
  }
}

const refusedWith = (message: string) => ({ exitCode: 1, message: expect.stringContaining(message) });

describe('the arguments of the benchmark', () => {
  test('are lists separated by commas', () => {
    expect(read('--only', 'gateway,fastify', '--sessions', '64,40000')).toMatchObject({
      only: ['gateway', 'fastify'],
      sessions: [64, 40_000],
    });
  });

  test('may not name an unknown server', () => {
    expect(read('--only', 'gateway,apache')).toEqual(refusedWith('Must be of: gateway,'));
  });

  test.each(['0', '-1', '1.5', 'many', '64,', '5000001'])('may not ask for %s sessions', (sessions) => {
    expect(read('--sessions', sessions)).toEqual(refusedWith('Must be an integer from 1 to 5000000'));
  });

  test('may not name an unknown option', () => {
    expect(read('--fast')).toEqual(refusedWith("unknown option '--fast'"));
  });

  test('may not name anything besides options', () => {
    expect(read('gateway')).toEqual(refusedWith('too many arguments'));
  });

  test('compare exactly two files', () => {
    expect(read('--compare', 'a.json', 'b.json')).toMatchObject({
      compare: ['a.json', 'b.json'],
      threshold: 10,
    });
    expect(read('--compare', 'a.json')).toEqual(refusedWith('needs two results files'));
  });

  test('may not compare and measure at once', () => {
    expect(read('--quick', '--compare', 'a.json', 'b.json')).toEqual(refusedWith('cannot be used with'));
  });
});

describe('the plan of a run', () => {
  test('replaces the results in the repository only if everything is measured', () => {
    expect(planOf({}).isComplete).toBe(true);
    expect(planOf({ quick: true }).isComplete).toBe(false);
    expect(planOf({ only: ['gateway'] }).isComplete).toBe(false);
    expect(planOf({ sessions: [64] }).isComplete).toBe(false);
  });

  test('includes a million sessions', () => {
    expect(planOf({}).sessions).toContain(1_000_000);
  });
});
