import type { GatewaySettings } from '../config/load.ts';
import { drainable, listen } from '../http/server.ts';
import type { Logger } from '../log.ts';
import { createApp, createAppHandler } from './app.ts';
import { logCompletion } from './completion-log.ts';
import { measuredResources, ownBodyLimits, pipelineDeps, routeDeps } from './deps.ts';
import { createHealthServer, type HealthServerOptions } from './edge/health-server.ts';
import { createGatewayServer } from './edge/listen.ts';
import { openMetricsRoute } from './metrics/gateway-metrics.ts';
import { RequestMetrics } from './metrics/request-metrics.ts';
import { runPipeline } from './pipeline/pipeline.ts';
import { BANK_RULES, readPolicyFile } from './pipeline/policy.ts';
import { canCollectBuffers } from './proxy/body-buffers.ts';
import { observeForTraces, openTracing } from './request-tracing.ts';
import { openResources } from './resources/open.ts';
import { privateHealthRoutes } from './routes/health.ts';
import type { ApiDescription } from './routes/static.ts';
import type { WebBuild } from './static/web-build.ts';

interface GatewayOptions {
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

/**
 * Starts the gateway. It waits for Redis for as long as the deadline of a command, and then listens in any case: until Redis
 * is available, requests are refused with 503.
 * @throws {InvalidKeyError} {@link PolicyRefused} if a key or the policy file is invalid; and if the address cannot be
 * listened on. Nothing is left running then.
 */
export async function startGateway({
  settings,
  log,
  api,
  web,
  now = Date.now,
}: GatewayOptions): Promise<RunningGateway> {
  const rules = settings.policyFile === undefined ? BANK_RULES : readPolicyFile(settings.policyFile);
  await using started = new AsyncDisposableStack();
  const resources = await openResources(settings, log, now, started);
  const pipeline = pipelineDeps(settings, rules, resources);
  const routes = routeDeps(settings, pipeline, resources);
  const requests = new RequestMetrics();
  const app = createApp({ authentication: pipeline, routes, api, web });
  const spans = started.adopt(await openTracing(settings, log), (open) => open?.close());
  const server = createGatewayServer({
    proxied: (context) => void runPipeline(pipeline, context),
    own: createAppHandler(app, ownBodyLimits(settings), now),
    rates: resources.rates,
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
  const healthUrl = await listenPrivately(settings, log, started, {
    ...privateHealthRoutes(resources.readiness),
    '/metrics': openMetricsRoute(measured, started),
  });
  await resources.redis.whenReady(settings.redisDeadlineMs).catch(() => undefined);
  const url = await listen(server.http, settings.gatewayHost, settings.gatewayPort);
  started.defer(async () => {
    log.info({ event: 'gateway_stopping' }, 'the gateway is not ready any more, and stops');
    await resources.stopping.begin(settings.shutdownSettleMs);
    const drained = server.drain(settings.shutdownGraceMs);
    resources.liveResponses.stop();
    return drained;
  });
  log.info({ event: 'gateway_listening', url }, 'the gateway is listening');
  const running = started.move();
  return { url, healthUrl, close: () => running.disposeAsync() };
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
