import type { Dispatcher } from 'undici';
import type { GatewaySettings } from '../../config/load.ts';
import type { LastConnection } from '../edge/readiness.ts';
import { type ProxiedRequest, ResponseRelay } from './response-relay.ts';
import type { UpstreamConnection } from './upstream-connection.ts';
import { UpstreamConnections } from './upstream-connections.ts';

type ProxySettings = Pick<
  GatewaySettings,
  | 'bankUrl'
  | 'bankConnectionsMax'
  | 'bankQueueMax'
  | 'bankStreamsMax'
  | 'bankConnectTimeoutMs'
  | 'bankFirstByteTimeoutMs'
  | 'bankIdleTimeoutMs'
>;

/** The connections to the upstream. */
export class UpstreamProxy {
  /** For requests that end. While all are in use, further requests wait. */
  readonly requests: UpstreamConnections;
  /** For event streams, which stay open. While all are in use, further ones are refused at once. */
  readonly streams: UpstreamConnections;

  constructor(settings: ProxySettings) {
    const options = {
      origin: settings.bankUrl,
      connectTimeoutMs: settings.bankConnectTimeoutMs,
      firstByteTimeoutMs: settings.bankFirstByteTimeoutMs,
      idleTimeoutMs: settings.bankIdleTimeoutMs,
    };
    const { bankConnectionsMax, bankQueueMax, bankStreamsMax } = settings;
    this.requests = new UpstreamConnections({
      ...options,
      connectionsMax: bankConnectionsMax,
      queueMax: bankQueueMax,
      full: 'bank_busy',
    });
    this.streams = new UpstreamConnections({
      ...options,
      connectionsMax: bankStreamsMax,
      queueMax: 0,
      full: 'bank_streams_full',
    });
  }

  /** How the last attempt to connect ended, if there has been one. */
  get lastConnection(): LastConnection | undefined {
    const all = [this.requests.lastConnection, this.streams.lastConnection];
    return all.sort((a, b) => (b?.atMs ?? 0) - (a?.atMs ?? 0))[0];
  }

  close(): void {
    this.requests.close();
    this.streams.close();
  }
}

/**
 * Sends a request over an open connection and streams the response back. Redirects are passed on, never followed.
 * Bodies flow in both directions as fast as the slower side.
 */
export function sendRequest(connection: UpstreamConnection, request: ProxiedRequest): void {
  const { incoming, target, headers, body } = request;
  connection.send(
    { method: incoming.method as Dispatcher.HttpMethod, path: target, headers, body },
    new ResponseRelay(request, connection),
  );
}
