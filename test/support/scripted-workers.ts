import { type ChildProcess, spawn } from 'node:child_process';
import { createLog } from '../../src/log.ts';
import { WorkerPool } from '../../src/workers/pool.ts';
import { WorkerProcess } from '../../src/workers/worker-process.ts';

/** How a worker behaves: real processes that follow a script in place of serving. */
export type Behavior =
  | 'ready'
  /** Listens, and is ready once it gets SIGUSR2. */
  | 'ready-on-signal'
  /** Listens, is never ready, and ends with code 7 when it is told to stop. */
  | 'never-ready'
  | 'silent'
  /** Ends by itself as soon as it has listened. */
  | 'crashing'
  /** Cannot be started at all. */
  | 'missing';

const SCRIPT = `
const behavior = process.argv[1];
let isReady = behavior === 'ready' || behavior === 'crashing';
process.on('SIGUSR2', () => { isReady = true; });
process.on('disconnect', () => process.exit(0));
process.on('message', ({ kind, id }) => {
  if (kind === 'ping') process.send({ kind: 'pong' });
  if (kind === 'ask') process.send({ kind: 'answer', id, answer: { status: isReady ? 'ready' : 'not_ready' } });
  if (kind === 'stop') process.exit(behavior === 'never-ready' ? 7 : 0);
});
if (behavior !== 'silent') process.send({ kind: 'listening', url: 'http://127.0.0.1:1' });
if (behavior === 'crashing') setTimeout(() => process.exit(3), 20);
`;

/** A pool of workers, each of which behaves as `behaviorOf` says: by its number, and how many have had it before. */
export function scriptedPool(options: {
  count: number;
  behaviorOf: (number: number, generation: number) => Behavior;
  readyWithinMs?: number;
}) {
  const spawned: WorkerProcess[] = [];
  const children = new Map<WorkerProcess, ChildProcess>();
  const pool = new WorkerPool({
    count: options.count,
    stopWithinMs: 30_000,
    readyWithinMs: options.readyWithinMs ?? 30_000,
    log: createLog('gateway', 'silent'),
    onEnded: () => {},
    spawn: (number) => {
      const generation = spawned.filter((worker) => worker.number === number).length;
      const behavior = options.behaviorOf(number, generation);
      const child = spawn(
        behavior === 'missing' ? '/nonexistent/node' : process.execPath,
        ['-e', SCRIPT, behavior],
        { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
      );
      const worker = new WorkerProcess({ number, process: child, onShares: () => {} });
      spawned.push(worker);
      children.set(worker, child);
      return worker;
    },
  });
  return {
    pool,
    /** All workers in the order in which they were started. */
    spawned,
    /** Sends a signal to one of them. */
    signal: (worker: WorkerProcess | undefined, signal: NodeJS.Signals) =>
      worker && children.get(worker)?.kill(signal),
    [Symbol.asyncDispose]: () => pool.stop(),
  };
}
