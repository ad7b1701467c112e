import type { Logger } from '../../log.ts';
import { type RedisClient, within } from '../client.ts';
import type { RedisLink } from '../connection.ts';
import { connectionFault } from './connection-fault.ts';
import { type ServerFault, ServerRefused } from './fault.ts';
import { readHello, refusalOf, type Topology } from './hello.ts';
import { readAppendFsync, readServer } from './reading.ts';
import { deniedRights, type RedisRights, rightsFault } from './rights.ts';
import { faultsOf, type ServerLimits, type ServerState } from './state.ts';
import { logFaults } from './watch-log.ts';
import { writeFault } from './write-check.ts';

/** A change for the worse shows within this time and the deadline of a command. */
const POLL_INTERVAL_MS = 1000;

/** Rights change rarely: they are checked with every so many readings, and with each one while some are missing. */
const READINGS_PER_RIGHTS_CHECK = 10;

export interface WatchOptions {
  /** `host:port` or the path of the socket. */
  address: string;
  /** The time limit of a check. */
  deadlineMs: number;
  topology: Topology;
  limits: ServerLimits;
  /** Without it, rights are not checked. */
  rights: RedisRights | undefined;
  log: Logger;
  /** The clock, in milliseconds since the epoch. */
  now: () => number;
}

/** Checks one server: each connection to it before its first use, and then once a second. */
export class ServerWatch {
  readonly #options: WatchOptions;
  #link: RedisLink | undefined;
  #state: ServerState;
  #rightsFault: ServerFault | undefined;
  #readings = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#state = {
      address: options.address,
      isConnected: false,
      readAtMs: undefined,
      hello: undefined,
      info: undefined,
      clockAheadMs: undefined,
      appendFsync: undefined,
      faults: [],
    };
  }

  get state(): ServerState {
    return { ...this.#state, isConnected: this.#link?.ready ?? false };
  }

  /** Checks a new connection. @throws {ServerRefused} if the server cannot be used */
  async admit(client: RedisClient): Promise<void> {
    const { topology, deadlineMs } = this.#options;
    const hello = await within(deadlineMs, readHello(client));
    const refusal = refusalOf(hello, topology);
    if (refusal !== undefined) throw new ServerRefused(refusal);
    this.#readings = 0;
    const isFirst = this.#state.hello === undefined;
    this.#state = { ...this.#state, hello };
    await within(deadlineMs, Promise.all([this.#readFsync(client), this.#read(client)]));
    const fault = this.#state.faults.find(({ effect }) => effect === 'refused');
    if (fault !== undefined) throw new ServerRefused(fault);
    if (isFirst) this.#logUnchecked();
  }

  /** Notes why a connection could not be opened. */
  failed(fault: unknown): void {
    this.#setFaults([connectionFault(fault)]);
  }

  /** Reads the server once a second over this link, until the link is closed. */
  start(link: RedisLink): void {
    this.#link = link;
    const poll = async (): Promise<void> => {
      if (link.closed) return;
      if (link.ready) await link.run((client) => this.#read(client)).catch(() => undefined);
      setTimeout(poll, POLL_INTERVAL_MS).unref();
    };
    setTimeout(poll, POLL_INTERVAL_MS).unref();
  }

  /** Replaces the state. @throws the error reply of a server that has become a replica, and when the connection fails */
  async #read(client: RedisClient): Promise<void> {
    const { now, limits } = this.#options;
    const [reading, write, rights] = await Promise.all([
      readServer(client, now),
      writeFault(client),
      this.#checkRights(client),
    ]);
    this.#rightsFault = rights;
    this.#state = { ...this.#state, ...reading, readAtMs: now() };
    const faults = [...(write === undefined ? [] : [write]), ...(rights === undefined ? [] : [rights])];
    this.#setFaults([...faults, ...faultsOf(this.#state, limits)]);
  }

  async #readFsync(client: RedisClient): Promise<void> {
    this.#state = { ...this.#state, appendFsync: await readAppendFsync(client) };
  }

  async #checkRights(client: RedisClient): Promise<ServerFault | undefined> {
    const { rights } = this.#options;
    if (rights === undefined) return undefined;
    const isDue = this.#readings % READINGS_PER_RIGHTS_CHECK === 0 || this.#rightsFault !== undefined;
    this.#readings += 1;
    return isDue ? rightsFault(await deniedRights(client, rights)) : undefined;
  }

  #setFaults(faults: readonly ServerFault[]): void {
    logFaults(this.#options.log, this.#options.address, this.#state.faults, faults);
    this.#state = { ...this.#state, faults };
  }

  #logUnchecked(): void {
    const { info, appendFsync } = this.#state;
    const denied = [
      ...(info === undefined ? ['INFO'] : []),
      ...(appendFsync === undefined ? ['CONFIG GET'] : []),
    ];
    if (denied.length > 0)
      this.#options.log.info(
        { event: 'redis_not_checked', denied },
        'Redis could not be checked completely, because its user may not run these commands',
      );
  }
}
