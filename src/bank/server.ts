import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { BankSettings } from '../config/load.ts';
import { problemResponse } from '../http/problem.ts';
import { drainable, listen } from '../http/server.ts';
import { Stopping } from '../http/stopping.ts';
import { type AssertionVerifier, createAssertionVerifier } from '../jwt/assertion.ts';
import { pinnedAssertionKeys } from '../keys/assertion-keys.ts';
import { RemoteJwks } from '../keys/remote-jwks.ts';
import { InvalidKeyError } from '../keys/ring.ts';
import type { Logger } from '../log.ts';
import { EventLoopDelay } from '../metrics/event-loop.ts';
import type { Metric } from '../metrics/metric.ts';
import { createMonitor, openStore, openSubscriber } from '../redis/open.ts';
import { ReplicaConfirmation } from '../redis/replication/confirmation.ts';
import { ROLES, SCOPES } from '../users/roles.ts';
import { type BankApp, createBankApp } from './app.ts';
import { startGenerator } from './demo/generator.ts';
import { BankMetrics, createMetricsServer } from './metrics.ts';
import { BANK_PROBLEMS, type BankEnv } from './problems.ts';
import { BANK_RIGHTS } from './redis-rights.ts';
import { PostingsFeed } from './stream/postings-feed.ts';
import { UserShare } from './user-share.ts';

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the gateway keeps an idle connection, so that the bank never closes one that is about to be used. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

export type BankServerSettings = Omit<BankSettings, 'nodeEnv' | 'logLevel' | 'bankCurrency'>;

export interface RunningBank {
  url: string;
  /** Where it listens for `/metrics` only, if `BANK_METRICS_PORT` is set. */
  metricsUrl: string | undefined;
  /**
   * Is not ready for `SHUTDOWN_SETTLE_MS`, then ends the streams, lets other requests finish within `SHUTDOWN_GRACE_MS`,
   * and closes all connections.
   */
  close(): Promise<void>;
}

interface BankOptions {
  settings: BankServerSettings;
  log: Logger;
  /** Defaults to one that fetches the gateway's keys. */
  verifier?: AssertionVerifier;
}

/**
 * Starts the bank. It waits for Redis for as long as the deadline of a command, then listens in any case, and responds with 503 until Redis is available.
 * @throws {InvalidKeyError} and when it cannot listen on the address. Nothing is left running then.
 */
export async function startBank({ settings, log, verifier }: BankOptions): Promise<RunningBank> {
  await using started = new AsyncDisposableStack();
  const monitor = createMonitor(settings, { log, rights: BANK_RIGHTS });
  const link = started.adopt(openStore(settings, { log, monitor }), (open) => open.close());
  const subscriber = started.adopt(openSubscriber(settings, log), (open) => open.close());
  const feed = started.adopt(new PostingsFeed(subscriber), (open) => open.close());
  const options = {
    transactionsKept: settings.bankTransactionsKept,
    transfersPerDayMax: settings.bankTransfersPerAccountDayMax,
  };
  const metrics = new BankMetrics();
  const searches = new UserShare(settings.bankSearchesPerUserMax);
  const streams = new UserShare(settings.bankOpenStreamsPerUserMax);
  const stopping = new Stopping();
  const confirmation = started.adopt(openConfirmation(settings, log), (open) => open.close());
  const app = createBankApp({
    link,
    confirmation,
    isReady: () => monitor.faults.length === 0,
    feed,
    metrics,
    verifier: verifier ?? defaultVerifier(settings),
    log,
    options,
    searches,
    streams,
    streamHeartbeatMs: settings.bankStreamHeartbeatMs,
    bodyMaxBytes: settings.bankBodyMaxBytes,
    stopping,
    now: Date.now,
  });
  const measured = { redis: link, searches, streams };
  const metricsUrl = await listenForMetrics(settings, log, started, (eventLoop) =>
    metrics.all({ ...measured, eventLoop }),
  );
  const server = createBankServer(app);
  const drain = drainable(server);
  await link.whenReady(settings.redisDeadlineMs).catch(() => undefined);
  const url = await listen(server, settings.bankHost, settings.bankPort);
  log.info({ event: 'bank_listening', url }, 'the bank is listening');
  const generating = { ...options, intervalMs: settings.bankTransactionIntervalMs, seed: settings.bankSeed };
  const generator = startGenerator(link, generating, log, Date.now);
  started.defer(async () => {
    log.info({ event: 'bank_stopping' }, 'the bank is not ready any more, and stops');
    await stopping.begin(settings.shutdownSettleMs);
    feed.close();
    await Promise.all([generator.stop(), drain(settings.shutdownGraceMs)]);
  });
  const running = started.move();
  return { url, metricsUrl, close: () => running.disposeAsync() };
}

/** Starts the private listener, if there is to be one, and returns its URL. */
async function listenForMetrics(
  { bankMetricsHost, bankMetricsPort, shutdownGraceMs }: BankServerSettings,
  log: Logger,
  started: AsyncDisposableStack,
  metricsWith: (eventLoop: EventLoopDelay) => readonly Metric[],
): Promise<string | undefined> {
  if (bankMetricsPort === undefined) return undefined;
  const eventLoop = started.adopt(new EventLoopDelay(), (open) => open.close());
  const server = createMetricsServer(metricsWith(eventLoop));
  const drain = drainable(server);
  const url = await listen(server, bankMetricsHost, bankMetricsPort);
  started.defer(() => drain(shutdownGraceMs));
  log.info({ event: 'metrics_listening', url }, 'the bank listens for scrapes');
  return url;
}

const openConfirmation = (settings: BankServerSettings, log: Logger): ReplicaConfirmation =>
  new ReplicaConfirmation({
    what: 'transfer',
    replicas: settings.transferReplicas,
    aof: settings.transferAof === 'on',
    timeoutMs: settings.transferReplicasTimeoutMs,
    log,
  });

/** An HTTP server for the bank's routes. It does not listen yet. */
export function createBankServer(app: BankApp): Server {
  const listener = getRequestListener(
    (request, bindings) => app.fetch(request, bindings as BankEnv['Bindings']),
    {
      errorHandler: () => problemResponse(BANK_PROBLEMS.request_malformed),
      // The gateway may run in the same process, and Hono's own Response is not a full replacement.
      overrideGlobalObjects: false,
    },
  );
  const timeouts = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  };
  const server = createServer(timeouts);
  for (const event of ['request', 'checkContinue']) server.on(event, listener);
  return server;
}

/** @throws {InvalidKeyError} when the pinned keys are unusable, or another place for the keys is given as well */
function defaultVerifier({ issuer, bankAudience, jwks, jwksUrl }: BankServerSettings): AssertionVerifier {
  if (jwks !== undefined && jwksUrl !== undefined)
    throw new InvalidKeyError('JWKS: must not be set together with JWKS_URL');
  return createAssertionVerifier(
    { issuer, audience: bankAudience, roles: ROLES, scopes: SCOPES },
    jwks === undefined
      ? new RemoteJwks(jwksUrl ?? `${issuer}/.well-known/jwks.json`)
      : pinnedAssertionKeys(jwks),
  );
}
