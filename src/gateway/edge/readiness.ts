import type { Stopping } from '../../http/stopping.ts';
import type { RingSource } from '../../keys/ring.ts';
import { RedisUnavailable } from '../../redis/client.ts';
import type { ServerMonitor } from '../../redis/server/monitor.ts';
import type { RedisStore } from '../../redis/store.ts';

/** Why a part is not ready, for operators. */
interface Reason {
  code: string;
  message: string;
}

/** One part of what requests need. */
interface Part {
  state: string;
  reasons: readonly Reason[];
}

/** Whether requests can be served, and each part of the reason. It is for operators only: clients get a status. */
export interface ReadinessReport {
  status: 'ready' | 'not_ready';
  parts: {
    /** `running` or `stopping`. */
    process: Part;
    /** `ready` or `unavailable`. */
    redis: Part & { servers: readonly { address: string; connected: boolean; version: string }[] };
    /** `ready` or `unusable`. */
    keys: Part;
    /** `reachable`, `unreachable` or `unknown`, by the last attempt to connect. It does not change `status`. */
    upstream: Part & { at?: string };
  };
}

/** How the last attempt to connect to the upstream ended. */
export interface LastConnection {
  /** In milliseconds since the epoch. */
  atMs: number;
  /** Undefined if it succeeded. */
  fault: string | undefined;
}

export interface ReadinessDeps {
  redis: RedisStore;
  monitor: ServerMonitor;
  ring: RingSource;
  stopping: Stopping;
  /** The result of the last connection attempt to the upstream, if there has been one. */
  upstream: () => LastConnection | undefined;
  /** The clock, in milliseconds since the epoch. */
  now: () => number;
}

/**
 * Whether the gateway can serve requests now. An upstream that is down does not make it unready: the gateway's own
 * routes work, and another gateway would not reach the upstream either.
 */
export class Readiness {
  readonly #deps: ReadinessDeps;

  constructor(deps: ReadinessDeps) {
    this.#deps = deps;
  }

  async check(): Promise<ReadinessReport> {
    const parts = {
      process: this.#deps.stopping.hasBegun
        ? part('stopping', [{ code: 'stopping', message: 'the gateway is stopping' }])
        : part('running'),
      redis: await this.#redis(),
      keys: this.#keys(),
      upstream: this.#upstream(),
    };
    const { process, redis, keys } = parts;
    const isReady = [process, redis, keys].every(({ reasons }) => reasons.length === 0);
    return { status: isReady ? 'ready' : 'not_ready', parts };
  }

  async #redis(): Promise<ReadinessReport['parts']['redis']> {
    const { redis, monitor } = this.#deps;
    const unanswered = await redis.ping().then(
      () => undefined,
      (fault: unknown) => reasonOf(fault),
    );
    const known = monitor.faults.map(({ code, message }) => ({ code, message }));
    const reasons = known.length > 0 || unanswered === undefined ? known : [unanswered];
    const servers = monitor.servers.map(({ address, isConnected, hello }) => ({
      address,
      connected: isConnected,
      version: hello === undefined ? 'unknown' : `${hello.product} ${hello.version}`,
    }));
    return { ...part(reasons.length === 0 ? 'ready' : 'unavailable', reasons), servers };
  }

  #keys(): Part {
    try {
      this.#deps.ring.at(this.#deps.now());
      return part('ready');
    } catch (fault) {
      return part('unusable', [{ code: 'keys_unusable', message: messageOf(fault) }]);
    }
  }

  #upstream(): ReadinessReport['parts']['upstream'] {
    const last = this.#deps.upstream();
    if (last === undefined) return part('unknown');
    const reasons = last.fault === undefined ? [] : [{ code: 'upstream_unreachable', message: last.fault }];
    const state = last.fault === undefined ? 'reachable' : 'unreachable';
    return { ...part(state, reasons), at: new Date(last.atMs).toISOString() };
  }
}

const part = (state: string, reasons: readonly Reason[] = []): Part => ({ state, reasons });

const messageOf = (fault: unknown): string => (fault instanceof Error ? fault.message : 'unknown');

const reasonOf = (fault: unknown): Reason => ({
  code: fault instanceof RedisUnavailable ? 'redis_unreachable' : 'fault',
  message: messageOf(fault),
});
