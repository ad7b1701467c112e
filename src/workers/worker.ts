import { lowerPoolPriority } from '../gateway/resources/pool-priority.ts';
import { type GatewayOptions, type RunningWorker, startGatewayWorker } from '../gateway/server.ts';
import { ShareExchange } from '../gateway/shares/exchange.ts';
import { createLog, type Logger } from '../log.ts';
import { dividedSettings } from './divided-settings.ts';
import { type Answers, type FromWorker, type Question, type ToWorker, WORKER_NUMBER } from './messages.ts';
import { snapshotOf } from './metrics-sum.ts';

type WorkerOptions = Omit<GatewayOptions, 'log'> & { log: Logger };

/** The log of this worker: each line has its number. */
export const createWorkerLog = (level: GatewayOptions['settings']['logLevel']): Logger =>
  createLog('gateway', level).child({ worker: Number(process.env[WORKER_NUMBER]) });

/**
 * Runs one worker until its primary process tells it to stop. The primary process alone decides when: signals, which a
 * terminal or a service manager may send to all processes, are ignored. If the primary process ends, this one is killed:
 * `process.exit`, with which Node would end it, waits for threads and can wait forever for one that is starting.
 * @throws what {@link startGatewayWorker} throws
 */
export async function runWorker(open: () => Promise<WorkerOptions>): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  process.prependListener('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  const { promise: told, resolve: stop } = Promise.withResolvers<{ isReplaced: boolean }>();
  const early: ToWorker[] = [];
  let receive = (message: ToWorker): void => void early.push(message);
  process.on('message', (message: ToWorker) => receive(message));

  const options = await open();
  const sharedLimits = new ShareExchange({
    workers: options.settings.workers,
    send: (report) => void tell({ kind: 'shares', report }),
  });
  const settings = dividedSettings(options.settings);
  const running = await startGatewayWorker({ ...options, settings, sharedLimits });
  lowerPoolPriority();
  receive = (message) => {
    if (message.kind === 'stop') stop(message);
    else if (message.kind === 'ping') void tell({ kind: 'pong' });
    else if (message.kind === 'shares') sharedLimits.receive(message.report);
    else void answer(running, message.id, message.question);
  };
  for (const message of early) receive(message);
  await tell({ kind: 'listening', url: running.url });
  await running.close(await told);
  await tell({ kind: 'stopped', metrics: snapshotOf(running.metrics) });
}

async function answer(running: RunningWorker, id: number, question: Question): Promise<void> {
  await tell({ kind: 'answer', id, answer: await ANSWERS[question](running) });
}

const ANSWERS: { [Asked in Question]: (running: RunningWorker) => Answers[Asked] | Promise<Answers[Asked]> } =
  {
    readiness: ({ readiness }) => readiness.check(),
    metrics: ({ metrics }) => snapshotOf(metrics),
  };

/** Sends a message to the primary process. Resolves when it has been sent, or cannot be because that process has ended. */
const tell = (message: FromWorker): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
