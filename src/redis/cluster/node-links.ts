import { type LinkOptions, type RedisClient, RedisUnavailable } from '../client.ts';
import type { RedisLink } from '../connection.ts';
import { withinDeadline } from '../deadline.ts';
import { nodeUrl } from './slots.ts';

/** How long a connection to a node that serves no slot yet is kept. */
const REDIRECTED_MS = 10_000;

export interface NodeOptions extends LinkOptions {
  /** Connects to a node. */
  connect: (options: LinkOptions) => RedisLink;
}

interface Entry {
  link: RedisLink;
  keptUntilMs: number;
}

/**
 * A link to one node. A node that is suspended accepts connections, so a connection is used only after a reply.
 * @param options `url` gives the scheme, the username and the password
 */
export function nodeLink({ connect, ...options }: NodeOptions, address: string): RedisLink {
  const { url, log, deadlineMs } = options;
  const admit = async (client: RedisClient): Promise<void> => {
    await withinDeadline(deadlineMs, noReply, () => client.ping());
    await options.admit?.(client);
  };
  return connect({ ...options, admit, url: nodeUrl(url, address), log: log.child({ node: address }) });
}

const noReply = (): RedisUnavailable => new RedisUnavailable('a new connection got no reply');

/** One `RedisLink` for each node that is used. Each connection is admitted before it is used. */
export class NodeLinks {
  readonly #options: NodeOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new Set<RedisLink>();

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  get addresses(): Iterable<string> {
    return this.#entries.keys();
  }

  get(address: string): RedisLink | undefined {
    return this.#entries.get(address)?.link;
  }

  /** The link to a node. It is opened if there is none, and then kept for some time even if the node serves no slot. */
  open(address: string): RedisLink {
    return this.#openUntil(address, performance.now() + REDIRECTED_MS);
  }

  /** Opens links to all of these nodes and closes the others, once their pending commands had time to finish. */
  keep(addresses: ReadonlySet<string>): void {
    for (const address of addresses) this.#openUntil(address, 0);
    for (const [address, { link, keptUntilMs }] of this.#entries) {
      if (addresses.has(address) || performance.now() < keptUntilMs) continue;
      this.#entries.delete(address);
      this.#closing.add(link);
      setTimeout(() => this.#close(link), 2 * this.#options.deadlineMs).unref();
    }
  }

  /** Closes all connections. Pending commands are rejected. */
  close(): void {
    for (const { link } of this.#entries.values()) link.close();
    this.#entries.clear();
    for (const link of this.#closing) this.#close(link);
  }

  #openUntil(address: string, keptUntilMs: number): RedisLink {
    const found = this.#entries.get(address);
    if (found !== undefined) return found.link;
    const link = nodeLink(this.#options, address);
    this.#entries.set(address, { link, keptUntilMs });
    return link;
  }

  #close(link: RedisLink): void {
    this.#closing.delete(link);
    link.close();
  }
}
