import type { Logger } from '../log.ts';
import type { WorkerProcess } from './worker-process.ts';

/** After so many pings without an answer, a worker is killed. */
const UNANSWERED_MAX = 4;

/** A worker that does not read so many messages is killed, because they take memory. It gets at most 100 each second. */
const UNSENT_MAX = 1000;

interface HeartbeatOptions {
  workers: () => readonly WorkerProcess[];
  /** How long a worker may not answer. It is killed then, or at most a quarter later. */
  timeoutMs: number;
  log: Logger;
}

/**
 * Kills workers that hang, so that they are replaced like workers that crash. Pings without an answer are counted instead of
 * their time being measured: if the machine or this process stood still for a while, no worker is killed for it.
 * Workers that start or stop have timeouts of their own.
 */
export function startHeartbeat({ workers, timeoutMs, log }: HeartbeatOptions): Disposable {
  const beat = (): void => {
    for (const worker of workers()) {
      if (!worker.hasListened || worker.isStopping) continue;
      if (worker.unansweredPings < UNANSWERED_MAX && worker.unsentMessages <= UNSENT_MAX) worker.ping();
      else {
        const { number: of, pid, unansweredPings, unsentMessages } = worker;
        log.error(
          { event: 'worker_hung', of, pid, unansweredPings, unsentMessages },
          'a worker does not answer, and is killed',
        );
        worker.kill();
      }
    }
  };
  const timer = setInterval(beat, timeoutMs / UNANSWERED_MAX);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
