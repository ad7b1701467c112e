import type { GatewaySettings } from '../config/load.ts';
import { drainable, listen } from '../http/server.ts';
import type { Logger } from '../log.ts';
import type { Metric } from '../metrics/metric.ts';
import { createApp, createAppHandler } from './app.ts';
import { logCompletion } from './completion-log.ts';
import { measuredResources, ownBodyLimits, pipelineDeps, type Resources, routeDeps } from './deps.ts';
import { createHealthServer, type HealthServerOptions } from './edge/health-server.ts';
import { createGatewayServer, type GatewayServer } from './edge/listen.ts';
import type { Readiness } from './edge/readiness.ts';
import { metricsRoute, openMetrics } from './metrics/gateway-metrics.ts';
import { RequestMetrics } from './metrics/request-metrics.ts';
import { runPipeline } from './pipeline/pipeline.ts';
import { BANK_RULES, readPolicyFile } from './pipeline/policy.ts';
import { canCollectBuffers } from './proxy/body-buffers.ts';
import { observeForTraces, openTracing } from './request-tracing.ts';
import { openResources } from './resources/open.ts';
import { privateHealthRoutes } from './routes/health.ts';
import type { ApiDescription } from './routes/static.ts';
import type { SharedLimits } from './shares/exchange.ts';
import type { WebBuild } from './static/web-build.ts';

export interface GatewayOptions {
  settings: GatewaySettings;
  log: Logger;
  /** Served at `/openapi.json` and `/docs`, if given. */
  api?: ApiDescription;
  /** Served at `/` and `/assets/`, if given. */
  web?: WebBuild | undefined;
  /** The clock, in milliseconds since the epoch. */
  now?: () => number;
}

export interface RunningGateway {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  url: string;
  /** Where it listens for health checks and monitoring. */
  healthUrl: string;
  /**
   * Is not ready for `SHUTDOWN_SETTLE_MS`, then stops accepting requests, lets open ones finish within `SHUTDOWN_GRACE_MS`, and
   * closes all resources.
   */
  close(): Promise<void>;
}

/** One of several processes that serve the same port. */
export interface RunningWorker {
  /** Where it listens. */
  url: string;
  readiness: Readiness;
  metrics: readonly Metric[];
  /**
   * Closes like {@link RunningGateway.close}. A worker that is replaced stays ready, because the gateway as a whole
   * serves on, and stops accepting connections at once.
   */
  close(options: { isReplaced: boolean }): Promise<void>;
}

/**
 * Starts the gateway. It waits for Redis for as long as the deadline of a command, and then listens in any case: until Redis
 * is available, requests are refused with 503.
 * @throws {InvalidKeyError} {@link PolicyRefused} if a key or the policy file is invalid; and if the address cannot be
 * listened on. Nothing is left running then.
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  await using started = new AsyncDisposableStack();
  const opened = await openGateway(options, started);
  const { readiness, metrics } = opened;
  const healthUrl = await listenPrivately(options.settings, options.log, started, {
    ...privateHealthRoutes(readiness),
    '/metrics': metricsRoute(() => metrics),
  });
  const { url } = await listenPublicly(opened, options, started);
  options.log.info({ event: 'gateway_listening', url }, 'the gateway is listening');
  const running = started.move();
  return { url, healthUrl, close: () => running.disposeAsync() };
}

/**
 * Starts one of several workers that share a port and the limits. It has no private listener: its primary process asks it.
 * @throws like {@link startGateway}
 */
export async function startGatewayWorker(
  options: GatewayOptions & { sharedLimits: SharedLimits },
): Promise<RunningWorker> {
  await using started = new AsyncDisposableStack();
  const { readiness, metrics, ...opened } = await openGateway(options, started);
  const stop = { isReplaced: false };
  const { url } = await listenPublicly(opened, options, started, stop);
  options.log.info({ event: 'worker_listening', url }, 'a worker is listening');
  const running = started.move();
  return {
    url,
    readiness,
    metrics,
    close: ({ isReplaced }) => {
      stop.isReplaced = isReplaced;
      return running.disposeAsync();
    },
  };
}

interface OpenedGateway {
  server: GatewayServer;
  resources: Resources;
}

/** Opens all that the gateway needs, and puts it on the stack. It does not listen yet. */
async function openGateway(
  { settings, log, api, web, now = Date.now, sharedLimits }: GatewayOptions & { sharedLimits?: SharedLimits },
  started: AsyncDisposableStack,
): Promise<OpenedGateway & Pick<RunningWorker, 'readiness' | 'metrics'>> {
  const rules = settings.policyFile === undefined ? BANK_RULES : readPolicyFile(settings.policyFile);
  const resources = await openResources(settings, log, now, started, sharedLimits);
  const pipeline = pipelineDeps(settings, rules, resources);
  const routes = routeDeps(settings, pipeline, resources);
  const requests = new RequestMetrics();
  const app = createApp({ authentication: pipeline, routes, api, web });
  const spans = started.adopt(await openTracing(settings, log), (open) => open?.close());
  const server = createGatewayServer({
    proxied: (context) => void runPipeline(pipeline, context),
    own: createAppHandler(app, ownBodyLimits(settings), now),
    rates: resources.rates,
    sharedLimits,
    settings,
    log,
    now,
    observers: [
      logCompletion,
      requests.observe,
      ...(spans === undefined ? [] : [observeForTraces(spans, app)]),
    ],
    onMalformed: (reason) => requests.countMalformed(reason),
  });
  if (!canCollectBuffers())
    log.warn({ event: 'gc_not_exposed' }, 'large bodies take more memory: start Node with --expose-gc');
  const measured = { ...measuredResources(settings, pipeline, routes, resources), server, requests };
  return { server, resources, readiness: resources.readiness, metrics: openMetrics(measured, started) };
}

/** Starts the public listener, once Redis is available or has had its time. Its end is put on the stack. */
async function listenPublicly(
  { server, resources }: OpenedGateway,
  { settings, log }: GatewayOptions,
  started: AsyncDisposableStack,
  stop = { isReplaced: false },
): Promise<{ url: string }> {
  await resources.redis.whenReady(settings.redisDeadlineMs).catch(() => undefined);
  const url = await listen(server.http, settings.gatewayHost, settings.gatewayPort);
  started.defer(async () => {
    const { isReplaced } = stop;
    log.info({ event: 'gateway_stopping', isReplaced }, 'the process takes no more connections, and stops');
    if (!isReplaced) await resources.stopping.begin(settings.shutdownSettleMs);
    const drained = server.drain(settings.shutdownGraceMs);
    resources.liveResponses.stop();
    return drained;
  });
  return { url };
}

/** Starts the private listener and returns its URL. It is closed after the public one. */
async function listenPrivately(
  { healthHost, healthPort, shutdownGraceMs }: GatewaySettings,
  log: Logger,
  started: AsyncDisposableStack,
  routes: HealthServerOptions['routes'],
): Promise<string> {
  const server = createHealthServer({ routes, log });
  const drain = drainable(server);
  const url = await listen(server, healthHost, healthPort);
  started.defer(() => drain(shutdownGraceMs));
  log.info({ event: 'health_listening', url }, 'the gateway listens for health checks');
  return url;
}
