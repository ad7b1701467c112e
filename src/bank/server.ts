import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { BankSettings } from '../config/load.ts';
import { drain, listen } from '../http/server.ts';
import { type AssertionVerifier, createAssertionVerifier } from '../jwt/assertion.ts';
import { RemoteJwks } from '../keys/remote-jwks.ts';
import type { Logger } from '../log.ts';
import { RedisLink } from '../redis/connection.ts';
import { type BankApp, createBankApp } from './app.ts';
import { startGenerator } from './demo/generator.ts';
import { BankRefusal, problemResponse } from './problem.ts';
import { PostingsFeed } from './stream/postings-feed.ts';

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the gateway keeps an idle connection, so that the bank never closes one that is about to be used. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

export type BankServerSettings = Pick<
  BankSettings,
  | 'bankHost'
  | 'bankPort'
  | 'redisUrl'
  | 'redisDeadlineMs'
  | 'issuer'
  | 'bankAudience'
  | 'jwksUrl'
  | 'bankTransactionIntervalMs'
  | 'bankSeed'
  | 'bankTransactionsKept'
  | 'bankStreamHeartbeatMs'
  | 'bankBodyMaxBytes'
  | 'shutdownGraceMs'
>;

export interface RunningBank {
  url: string;
  /** Ends the streams, lets other requests finish within the grace, then ends what is left. */
  close(): Promise<void>;
}

export interface BankOptions {
  settings: BankServerSettings;
  log: Logger;
  /** Instead of one that fetches the gateway's keys. */
  verifier?: AssertionVerifier;
}

/**
 * Starts the bank. It listens whether Redis is there or not, and answers 503 until it is.
 * @throws when the address can't be listened on.
 */
export async function startBank(options: BankOptions): Promise<RunningBank> {
  const redis = joinRedis(options);
  try {
    return await serve(redis, options);
  } catch (fault) {
    redis.leave();
    throw fault;
  }
}

interface JoinedRedis {
  link: RedisLink;
  feed: PostingsFeed;
  leave(): void;
}

/** Two connections: a subscribed one can't be used for anything else (RESP 2). */
function joinRedis({ settings, log }: BankOptions): JoinedRedis {
  const redis = { url: settings.redisUrl, deadlineMs: settings.redisDeadlineMs, log };
  const [link, subscribedLink] = [new RedisLink(redis), new RedisLink(redis)];
  const feed = new PostingsFeed(subscribedLink, log, settings.bankStreamHeartbeatMs);
  const leave = (): void => {
    feed.close();
    link.close();
    subscribedLink.close();
  };
  return { link, feed, leave };
}

async function serve(redis: JoinedRedis, { settings, log, verifier }: BankOptions): Promise<RunningBank> {
  const { link, feed } = redis;
  const options = { transactionsKept: settings.bankTransactionsKept };
  const app = createBankApp({
    link,
    feed,
    verifier: verifier ?? gatewaysVerifier(settings),
    log,
    options,
    streamHeartbeatMs: settings.bankStreamHeartbeatMs,
    bodyMaxBytes: settings.bankBodyMaxBytes,
    now: Date.now,
  });
  const server = createBankServer(app);
  const url = await listen(server, settings.bankHost, settings.bankPort);
  log.info({ event: 'bank_listening', url }, 'the bank is listening');
  const generating = { ...options, intervalMs: settings.bankTransactionIntervalMs, seed: settings.bankSeed };
  const generator = startGenerator(link, generating, log, Date.now);
  const close = async (): Promise<void> => {
    feed.close();
    await Promise.all([generator.stop(), drain(server, settings.shutdownGraceMs)]);
    redis.leave();
  };
  return { url, close };
}

/** An HTTP server for the bank's routes. It does not listen yet. */
export function createBankServer(app: BankApp): Server {
  const listener = getRequestListener(app.fetch, {
    errorHandler: () => problemResponse(new BankRefusal('request_malformed')),
  });
  const timeouts = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  };
  return createServer(timeouts, (incoming, outgoing) => void listener(incoming, outgoing));
}

const gatewaysVerifier = ({ issuer, bankAudience, jwksUrl }: BankServerSettings): AssertionVerifier =>
  createAssertionVerifier(
    { issuer, audience: bankAudience, roles: ROLES, scopes: SCOPES },
    new RemoteJwks(jwksUrl ?? `${issuer}/.well-known/jwks.json`),
  );
