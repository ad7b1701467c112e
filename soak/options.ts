import { parseArgs } from 'node:util';
import { z } from 'zod';

export const TOPOLOGIES = ['single', 'sentinel', 'cluster'] as const;

const optionsSchema = z.strictObject({
  minutes: z.coerce.number().positive().default(1),
  seed: z.coerce.number().int().nonnegative().default(1),
  redis: z.enum(TOPOLOGIES).default('single'),
  'fault-gap-ms': z.coerce.number().int().positive().default(8000),
  'customer-gap-ms': z.coerce.number().int().positive().default(120),
  'key-gap-ms': z.coerce.number().int().positive().default(15_000),
  history: z.string().optional(),
  logs: z.string().optional(),
  main: z.string().default('src/main.ts'),
});

export interface SoakOptions {
  minutes: number;
  /** Decides the operations, their arguments, their order in each actor, and the faults. */
  seed: number;
  redis: (typeof TOPOLOGIES)[number];
  /** The mean time between the end of a fault and the next one. */
  faultGapMs: number;
  /** The mean pause of a customer's device between two operations. */
  customerGapMs: number;
  /** The mean time between two changes of the signing keys. */
  keyGapMs: number;
  /** A file for all events, one JSON object per line. */
  history: string | undefined;
  /** A directory for the logs of the processes, which are deleted otherwise. */
  logs: string | undefined;
  /** The entry point of the gateways. A test replaces it with that of a copy that has a defect. */
  main: string;
}

/** Reads the command line. @throws an Error with the reason if an option is wrong */
export function readOptions(args: readonly string[]): SoakOptions {
  const names = Object.keys(optionsSchema.shape);
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ args: [...args], options });
  const parsed = optionsSchema.safeParse(values);
  if (!parsed.success)
    throw new Error(parsed.error.issues.map((i) => `--${i.path.join()}: ${i.message}`).join('\n'));
  const { 'fault-gap-ms': faultGapMs, 'customer-gap-ms': customerGapMs, ...rest } = parsed.data;
  const { 'key-gap-ms': keyGapMs, history, logs, ...others } = rest;
  return { ...others, history, logs, faultGapMs, customerGapMs, keyGapMs };
}

/** The command that runs the same operations again. */
export const commandOf = ({
  minutes,
  seed,
  redis,
  faultGapMs,
  customerGapMs,
  keyGapMs,
}: SoakOptions): string =>
  `npm run soak -- --minutes ${minutes} --seed ${seed} --redis ${redis} --fault-gap-ms ${faultGapMs} --customer-gap-ms ${customerGapMs} --key-gap-ms ${keyGapMs}`;
