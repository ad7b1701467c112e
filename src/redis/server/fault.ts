import { RedisUnavailable } from '../client.ts';

/** What is wrong with a server, as a name for logs, `/readyz` and metrics. */
export type ServerFaultCode =
  | 'redis_unreachable'
  | 'redis_login_refused'
  | 'redis_tls_failed'
  | 'redis_loading'
  | 'redis_version_unsupported'
  | 'redis_is_sentinel'
  | 'redis_is_cluster_node'
  | 'redis_is_not_cluster_node'
  | 'redis_replica'
  | 'redis_acl_insufficient'
  | 'redis_evicts'
  | 'redis_full'
  | 'redis_disk_failed'
  | 'redis_replicas_missing'
  | 'redis_not_writable'
  | 'redis_clock_differs'
  | 'redis_not_durable'
  | 'redis_not_synced';

/** One thing that is wrong with a server. */
export interface ServerFault {
  readonly code: ServerFaultCode;
  /** `refused`: no connection is used. `not-ready`: `/readyz` is 503. `warning`: logged only. */
  readonly effect: 'refused' | 'not-ready' | 'warning';
  /** What is wrong and what to do. It contains no secret. */
  readonly message: string;
}

export const refused = (code: ServerFaultCode, message: string): ServerFault => ({
  code,
  effect: 'refused',
  message,
});

export const notReady = (code: ServerFaultCode, message: string): ServerFault => ({
  code,
  effect: 'not-ready',
  message,
});

export const warning = (code: ServerFaultCode, message: string): ServerFault => ({
  code,
  effect: 'warning',
  message,
});

/** A connection leads to a server that cannot be used. */
export class ServerRefused extends RedisUnavailable {
  readonly fault: ServerFault;

  constructor(fault: ServerFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** The first word of an error reply of Redis, such as `NOPERM`; undefined for other errors. */
export const replyCode = (fault: unknown): string | undefined =>
  fault instanceof Error ? /^[A-Z]+\b/.exec(fault.message)?.[0] : undefined;
