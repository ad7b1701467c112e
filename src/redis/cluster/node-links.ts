import type { LinkOptions } from '../client.ts';
import { RedisLink } from '../connection.ts';
import { nodeUrl } from './slots.ts';

/** How long a connection to a node that serves no slot yet is kept. */
const REDIRECTED_MS = 10_000;

interface Entry {
  link: RedisLink;
  keptUntilMs: number;
}

/** One `RedisLink` for each node that is used. Each connection is admitted before it is used. */
export class NodeLinks {
  readonly #options: LinkOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new Set<RedisLink>();

  /** @param options `url` gives the scheme, the username and the password, and the address of no node */
  constructor(options: LinkOptions) {
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
    const found = this.#entries.get(address);
    if (found !== undefined) return found.link;
    const { url, log } = this.#options;
    const link = new RedisLink({
      ...this.#options,
      url: nodeUrl(url, address),
      log: log.child({ node: address }),
    });
    this.#entries.set(address, { link, keptUntilMs: performance.now() + REDIRECTED_MS });
    return link;
  }

  /** Opens links to all of these nodes and closes the others, once their pending commands had time to finish. */
  keep(addresses: ReadonlySet<string>): void {
    for (const address of addresses) this.open(address);
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

  #close(link: RedisLink): void {
    this.#closing.delete(link);
    link.close();
  }
}
