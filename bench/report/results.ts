import { z } from 'zod';

/** The figures of one round in a closed loop (load/closed-loop.ts). */
const measured = z.object({
  requestsPerSecond: z.number(),
  cpuMicrosPerRequest: z.number(),
  coreShare: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  p999Ms: z.number(),
});

const openMeasured = z.object({
  requestsPerSecond: z.number(),
  cpuMicrosPerRequest: z.number(),
  completedShare: z.number(),
  generatorP99Ms: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  p999Ms: z.number(),
});

const contestant = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['ours', 'peer', 'limit']),
  description: z.string(),
  /** Why it was not measured. */
  leftOut: z.string().optional(),
  checks: z.array(z.object({ token: z.string(), expected: z.number(), status: z.number() })),
});

const sizing = z.object({
  loginCpuMicros: z.number(),
  refreshCpuMicros: z.number(),
  /** CPU time of one open event stream without events, in each second. */
  streamCpuMicrosPerSecond: z.number(),
  streamBytes: z.number(),
});

/** The results of one run, as they are stored in `results.json`. */
export const resultsSchema = z.object({
  format: z.literal(1),
  /** ISO 8601. */
  date: z.string(),
  durationSeconds: z.number(),
  machine: z.object({ cpu: z.string(), cores: z.number(), memoryGib: z.number(), system: z.string() }),
  versions: z.record(z.string(), z.string()),
  plan: z.object({
    rounds: z.number(),
    windowMs: z.number(),
    connections: z.number(),
    sessions: z.array(z.number()),
  }),
  contestants: z.array(contestant),
  closed: z.array(z.object({ contestant: z.string(), sessions: z.number(), rounds: z.array(measured) })),
  open: z.array(
    z.object({ contestant: z.string(), sessions: z.number(), share: z.number(), measured: openMeasured }),
  ),
  mix: z.array(z.object({ contestant: z.string(), kind: z.string(), rounds: z.array(measured) })),
  redis: z
    .object({
      sessions: z.number(),
      bytesPerSession: z.number(),
      bytesPerUser: z.number(),
      /** Of a session that is bound to a key (RFC 9449). */
      bytesPerBoundSession: z.number().optional(),
      /** Of the record that a proof has been used, while it exists. */
      bytesPerUsedProof: z.number().optional(),
      seconds: z.number(),
    })
    .optional(),
  gc: z.array(
    z.object({
      contestant: z.string(),
      sessions: z.number(),
      minorPercent: z.number(),
      majorPercent: z.number(),
    }),
  ),
  profile: z.array(z.object({ name: z.string(), place: z.string(), selfPercent: z.number() })),
  sizing: sizing.optional(),
  /** What could not be measured. */
  faults: z.array(z.string()),
  /** Tables of bench/calm, as Markdown. */
  calm: z.string().optional(),
});

export type Results = z.output<typeof resultsSchema>;
export type ContestantResult = Results['contestants'][number];
export type Sizing = z.output<typeof sizing>;

/** Reads results from their JSON text. @throws {Error} with a message for the user if it has another form */
export function parseResults(text: string, name: string): Results {
  try {
    return resultsSchema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new Error(`${name} is not a results file of the benchmark: ${why}`, { cause });
  }
}
