import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CONTESTANTS, PARTS, type Part } from './plan.ts';

/** The options of `npm run bench`, checked. */
export interface BenchOptions {
  quick?: boolean;
  only?: string[];
  sessions?: number[];
  parts?: Part[];
  rounds?: number;
  windowMs?: number;
  profile?: boolean;
  gc?: boolean;
  output?: string;
  cache?: string;
  /** Two files. */
  compare?: string[];
  threshold: number;
  render?: string;
}

const SESSIONS_MAX = 5_000_000;

/** The arguments were refused, or help was asked for: the message was printed. */
export class ArgumentsRefused extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('the arguments were refused');
    this.exitCode = exitCode;
  }
}

interface Output {
  out: (text: string) => void;
  log: (line: string) => void;
}

/** Reads the command line. @throws {ArgumentsRefused} after a message */
export function readArguments(args: readonly string[], { out, log }: Output): BenchOptions {
  const ids = CONTESTANTS.map(({ id }) => id);
  const command = new Command('bench')
    .description('Measures the gateway beside other servers: CPU time per request, rates and latencies.')
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: (text) => log(text.trimEnd()) })
    .allowExcessArguments(false)
    .option('--quick', 'closed loop only, two short rounds: about a minute')
    .option('--only <ids>', `measure only these, separated by commas: ${ids.join(', ')}`, listOf(ids))
    .option('--sessions <counts>', 'numbers of live sessions, separated by commas', listOfCounts)
    .option('--parts <parts>', `measure only these: ${PARTS.join(', ')}`, listOf<Part>(PARTS))
    .option('--rounds <count>', 'rounds of the closed loop', integer(1, 20))
    .option('--window-ms <ms>', 'length of each measurement', integer(100, 60_000))
    .option('--profile', 'profile the gateway: a flame graph (SVG) and the dearest functions')
    .option('--gc', 'measure how much of a core the garbage collector uses')
    .option('--output <directory>', 'write all files there, and none in the repository')
    .option('--cache <directory>', 'where signed access tokens are kept for later runs')
    .addOption(
      new Option(
        '--compare <files...>',
        'compare two results files; exit code 1 if the second is worse',
      ).conflicts(['quick', 'only', 'sessions', 'parts', 'profile', 'gc', 'render']),
    )
    .option('--threshold <percent>', 'by how much a figure may be worse in a comparison', integer(1, 100), 10)
    .addOption(
      new Option('--render <results.json>', 'write the report of earlier results again').conflicts([
        'quick',
        'only',
      ]),
    );
  try {
    const options = command.parse(args, { from: 'user' }).opts<BenchOptions>();
    if (options.compare !== undefined && options.compare.length !== 2)
      command.error("error: option '--compare <files...>' needs two results files");
    return options;
  } catch (fault) {
    if (fault instanceof CommanderError) throw new ArgumentsRefused(fault.exitCode);
    throw fault;
  }
}

const listOf =
  <T extends string>(allowed: readonly T[]) =>
  (text: string): T[] =>
    text.split(',').map((item) => {
      const found = allowed.find((each) => each === item);
      if (found === undefined) throw new InvalidArgumentError(`Must be of: ${allowed.join(', ')}.`);
      return found;
    });

const integer =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`Must be an integer from ${min} to ${max}.`);
    return value;
  };

const listOfCounts = (text: string): number[] => [...new Set(text.split(',').map(integer(1, SESSIONS_MAX)))];
