import cluster from 'node:cluster';
import type { GatewaySettings } from '../config/load.ts';
import { createHealthServer } from '../gateway/edge/health-server.ts';
import { metricsRoute } from '../gateway/metrics/gateway-metrics.ts';
import { drainable, listen } from '../http/server.ts';
import { EXIT_STOPPED_AT_ONCE, stopRequest } from '../http/stopping.ts';
import { createLogTo, type Logger } from '../log.ts';
import { startHeartbeat } from './heartbeat.ts';
import { LogOutput } from './log-output.ts';
import { WORKER_NUMBER } from './messages.ts';
import { WorkerPool } from './pool.ts';
import { ShareRelay } from './share-relay.ts';
import { TotalMetrics } from './total-metrics.ts';
import { readinessResponse, totalReadiness } from './total-readiness.ts';
import { WorkerProcess } from './worker-process.ts';

/** How much longer than its settings say a worker may take to stop before it is killed. */
const STOP_MARGIN_MS = 5000;

/** How long a new worker may take to listen, and then to be ready. */
const READY_WITHIN_MS = 30_000;

/**
 * Runs the gateway as several worker processes until SIGTERM or SIGINT, which stops all of them; a second signal ends
 * everything at once. SIGHUP replaces the workers one by one. This process serves no requests: it starts the workers,
 * relays what they report of shared limits, and answers health checks and scrapes for all of them.
 *
 * All workers accept from one listening socket, which stays open while single workers come and go. So no connection is
 * lost when one stops, and an idle worker takes the next connection.
 *
 * @returns 0 when it was stopped
 * @throws {WorkerNotStarted} if no worker can be started; the worker has printed the reason
 */
export async function runPrimary(
  settings: GatewaySettings,
  onStart: (log: Logger) => void = () => {},
): Promise<number> {
  const stop = stopRequest(['SIGTERM', 'SIGINT']);
  void stop.second.then(() => process.exit(EXIT_STOPPED_AT_ONCE));
  const output = new LogOutput();
  const log = createLogTo('gateway', settings.logLevel, output);
  onStart(log);
  await using started = new AsyncDisposableStack();
  started.defer(() => output.close());
  const { pool, metrics } = createPool(settings, log, output);
  const healthUrl = await listenPrivately(settings, { pool, metrics, log }, started);
  log.info({ event: 'health_listening', url: healthUrl }, 'the gateway listens for health checks');
  started.defer(() => pool.stop());
  started.use(startHeartbeat({ workers: () => pool.processes, timeoutMs: settings.workerTimeoutMs, log }));
  process.on('SIGHUP', () => void pool.restart());
  const url = await Promise.race([pool.start(), stop.first]);
  if (url !== undefined)
    log.info({ event: 'gateway_listening', url, workers: pool.serving.length }, 'the gateway is listening');
  await Promise.race([stop.first, pool.failed]);
  log.info({ event: 'gateway_stopping' }, 'the gateway is not ready any more, and stops');
  return 0;
}

function createPool(
  settings: GatewaySettings,
  log: Logger,
  output: LogOutput,
): { pool: WorkerPool; metrics: TotalMetrics } {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const relay = new ShareRelay();
  const pool = new WorkerPool({
    count: settings.workers,
    stopWithinMs: settings.shutdownSettleMs + settings.shutdownGraceMs + STOP_MARGIN_MS,
    readyWithinMs: READY_WITHIN_MS,
    log,
    spawn: (number) => {
      const forked = cluster.fork({ [WORKER_NUMBER]: String(number) });
      // Handled as an error of its process.
      forked.on('error', () => {});
      const worker: WorkerProcess = new WorkerProcess({
        number,
        process: forked.process,
        onShares: (report) => relay.receive(worker, report),
      });
      // Undefined if the process could not be started.
      if (forked.process.stdout) output.follow(forked.process.stdout);
      relay.add(worker, (report) => worker.send({ kind: 'shares', report }));
      return worker;
    },
    onEnded: (worker) => {
      relay.remove(worker);
      metrics.keep(worker);
    },
  });
  const metrics = new TotalMetrics(pool);
  return { pool, metrics };
}

/** Starts the private listener, which is closed last, and returns its URL. */
async function listenPrivately(
  settings: GatewaySettings,
  { pool, metrics, log }: { pool: WorkerPool; metrics: TotalMetrics; log: Logger },
  started: AsyncDisposableStack,
): Promise<string> {
  const server = createHealthServer({
    routes: {
      '/livez': () => ({ status: 200, type: 'application/json', body: '{"status":"alive"}' }),
      '/readyz': async () => readinessResponse(await totalReadiness(pool, settings.workers)),
      '/metrics': metricsRoute(() => metrics.read()),
    },
    log,
  });
  const drain = drainable(server);
  const url = await listen(server, settings.healthHost, settings.healthPort);
  started.defer(() => drain(settings.shutdownGraceMs));
  return url;
}
