import { gaugeBy, type LabeledValues } from '../../metrics/gauge.ts';
import type { Metric } from '../../metrics/metric.ts';

/** What was last read of a Redis server. */
export interface MeasuredServer {
  /** `host:port` or the path of the socket: one of the few servers of the topology. */
  address: string;
  isConnected: boolean;
  /** How far its clock is ahead of this process's. */
  clockAheadMs: number | undefined;
  info:
    | {
        memoryUsedBytes: number | undefined;
        /** 0 without a limit. */
        memoryMaxBytes: number | undefined;
        replicas: readonly { behindBytes: number; lagSeconds: number }[];
      }
    | undefined;
}

type Read = (server: MeasuredServer) => number | undefined;

/** The Redis servers that are used, as they were last read. A scrape does not ask them. */
export function serverMetrics(servers: () => readonly MeasuredServer[]): Metric[] {
  const byServer = (name: string, help: string, read: Read): Metric =>
    gaugeBy(
      'server',
      name,
      help,
      (): LabeledValues => Object.fromEntries(servers().map((server) => [server.address, read(server)])),
    );
  const ofReplicas = (name: string, help: string, read: 'behindBytes' | 'lagSeconds'): Metric =>
    byServer(name, help, ({ info }) =>
      info === undefined || info.replicas.length === 0
        ? undefined
        : Math.max(...info.replicas.map((replica) => replica[read])),
    );
  return [
    byServer(
      'portcullis_redis_server_up',
      '1 if there is a connection to the server, or else 0.',
      (server) => (server.isConnected ? 1 : 0),
    ),
    byServer(
      'portcullis_redis_memory_used_bytes',
      'Memory that the server uses, in bytes.',
      ({ info }) => info?.memoryUsedBytes,
    ),
    byServer(
      'portcullis_redis_memory_max_bytes',
      '`maxmemory` of the server in bytes; absent without a limit.',
      ({ info }) => info?.memoryMaxBytes || undefined,
    ),
    byServer('portcullis_redis_replicas', 'Replicas of the server.', ({ info }) => info?.replicas.length),
    ofReplicas(
      'portcullis_redis_replica_behind_bytes',
      'Bytes that the replica furthest behind has not acknowledged; absent without replicas.',
      'behindBytes',
    ),
    ofReplicas(
      'portcullis_redis_replica_lag_seconds',
      'Seconds since the last acknowledgement of the replica that lags most; absent without replicas.',
      'lagSeconds',
    ),
    byServer(
      'portcullis_redis_clock_ahead_seconds',
      "How far the server's clock is ahead of this process's, in seconds; negative if it is behind.",
      ({ clockAheadMs }) => (clockAheadMs === undefined ? undefined : clockAheadMs / 1000),
    ),
  ];
}
