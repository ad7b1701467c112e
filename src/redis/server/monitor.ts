import type { Logger } from '../../log.ts';
import type { LinkOptions } from '../client.ts';
import { RedisLink } from '../connection.ts';
import { refused, type ServerFault } from './fault.ts';
import type { Topology } from './hello.ts';
import type { RedisRights } from './rights.ts';
import type { ServerLimits, ServerState } from './state.ts';
import { ServerWatch } from './watch.ts';

export interface MonitorOptions extends ServerLimits {
  log: Logger;
  /** What the Redis user must be allowed. Without it, rights are not checked. */
  rights?: RedisRights | undefined;
  /** The clock, in milliseconds since the epoch. */
  now?: (() => number) | undefined;
}

/**
 * Checks all Redis servers that a process uses, and holds their states. It reads each server over the connection that
 * requests use, so that a state says what they experience.
 */
export class ServerMonitor {
  readonly #options: MonitorOptions;
  readonly #watches = new Map<RedisLink, ServerWatch>();

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  /** The state of each server that is used now. */
  get servers(): readonly ServerState[] {
    this.#forgetClosed();
    return [...this.#watches.values()].map(({ state }) => state);
  }

  /** Why requests fail or cannot be trusted, over all servers. Empty if nothing is known to be wrong. */
  get faults(): readonly ServerFault[] {
    return this.servers.flatMap(({ isConnected, faults }) => {
      const serious = faults.filter(({ effect }) => effect !== 'warning');
      return isConnected || serious.length > 0 ? serious : [NOT_CONNECTED];
    });
  }

  /** Opens a connection that is checked before `options.admit` is asked, and then once a second until it is closed. */
  open(options: LinkOptions, topology: Topology = 'standalone'): RedisLink {
    const { rights, log, now = Date.now, ...limits } = this.#options;
    const { url, deadlineMs } = options;
    const checks = { topology, limits, rights, log, now };
    const watch = new ServerWatch({ address: addressOf(url), deadlineMs, ...checks });
    const link = new RedisLink({
      ...options,
      admit: async (client) => {
        await watch.admit(client);
        await options.admit?.(client);
      },
      onFailure: (fault) => watch.failed(fault),
    });
    this.#forgetClosed();
    this.#watches.set(link, watch);
    watch.start(link);
    return link;
  }

  #forgetClosed(): void {
    for (const link of this.#watches.keys()) if (link.closed) this.#watches.delete(link);
  }
}

const NOT_CONNECTED = refused('redis_unreachable', 'there is no connection to Redis');

/** `host:port` or the path of the socket. */
function addressOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return protocol === 'unix:' ? pathname : host;
}
