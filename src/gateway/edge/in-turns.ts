import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import QuickLRU from 'quick-lru';
import type { GatewaySettings } from '../../config/load.ts';
import { clientAddress, networksOf } from '../../http/addresses.ts';
import type { RequestContext, RequestObserver } from '../request-context.ts';
import { RequestTurns } from '../turns/request-turns.ts';
import type { Connection, Connections } from './connections.ts';
import { isForUpstream } from './target.ts';

/** How many clients behind trusted proxies are known, at about 150 bytes each. */
const CLIENTS_MAX = 20_000;

type ProxySettings = Pick<GatewaySettings, 'trustedProxies'>;

interface InTurns {
  /** Begins a request at once or in its turn, unless its client leaves before. */
  begin: (incoming: IncomingMessage, outgoing: ServerResponse, start: () => void) => void;
  /** Is told of each request that has ended. */
  noteEnd: RequestObserver;
}

/**
 * Lets the requests of clients whose latest request was granted begin at once. All others, such as logins, refreshes and
 * requests with tokens that are not valid, take turns, so that a flood of them leaves logged-in clients their time.
 * This decides about the order only: every request is checked.
 */
export function inTurns(connections: Connections, settings: ProxySettings): InTurns {
  const granted = new GrantedClients(settings);
  const turns = new RequestTurns();
  return {
    begin: (incoming, outgoing, start) => {
      const connection = connections.of(incoming.socket);
      if (connection === undefined || granted.has(incoming, connection)) return start();
      const networks = isDirect(connection) ? connection.networks : networksOf(granted.addressOf(incoming));
      // The widest, so that nobody has many turns by many addresses.
      const network = networks.at(-1) ?? '';
      turns.take(network, () => {
        if (!outgoing.closed) start();
      });
    },
    noteEnd: (context) => {
      const connection = connections.of(context.incoming.socket);
      if (connection !== undefined) granted.note(context, connection);
    },
  };
}

/**
 * Which clients have been granted their latest request for the upstream. A client is a connection. Connections of
 * trusted proxies have many clients, which are known by their addresses.
 */
class GrantedClients {
  readonly #trustedProxies: GatewaySettings['trustedProxies'];
  readonly #connections = new WeakSet<Socket>();
  // QuickLRU holds up to twice its `maxSize`.
  readonly #addresses = new QuickLRU<string, true>({ maxSize: CLIENTS_MAX / 2 });

  constructor({ trustedProxies }: ProxySettings) {
    this.#trustedProxies = trustedProxies;
  }

  /** Whether a request is for the upstream, by a client whose latest such request was granted. */
  has(incoming: IncomingMessage, connection: Connection): boolean {
    if (!isForUpstream(incoming.url ?? '')) return false;
    if (isDirect(connection)) return this.#connections.has(incoming.socket);
    return this.#addresses.has(this.addressOf(incoming));
  }

  addressOf(incoming: IncomingMessage): string {
    return clientAddress(incoming, this.#trustedProxies);
  }

  /** Notes whether a request was granted, once it has ended. */
  note({ incoming, path, clientAddress: address, record }: RequestContext, connection: Connection): void {
    if (!isForUpstream(path)) return;
    const { isGranted } = record;
    if (!isDirect(connection)) {
      if (isGranted) this.#addresses.set(address, true);
      else this.#addresses.delete(address);
    } else if (isGranted) this.#connections.add(incoming.socket);
    else this.#connections.delete(incoming.socket);
  }
}

/** Whether the connection is that of one client. Those of trusted proxies count for no network. */
const isDirect = ({ networks }: Connection): boolean => networks.length > 0;
