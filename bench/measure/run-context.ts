import type { Contestant, RunningServer } from '../contestant.ts';
import { Unavailable } from '../contestant.ts';
import { BoundRequests } from '../load/bound-requests.ts';
import { type RequestShape, type RequestSource, RequestStore } from '../load/requests.ts';
import { responseBody, type UpstreamPath } from '../load/response.ts';
import { OTHER_SESSIONS_MAX, type Plan } from '../plan.ts';
import type { Tokens } from '../sessions/token-cache.ts';
import { SERVER_CORE } from '../setup/cores.ts';
import type { Setup } from '../setup/shared-setup.ts';

export const SMALL_GET: RequestShape & { upstream: UpstreamPath } = {
  method: 'GET',
  path: '/bank/accounts',
  upstream: '/accounts',
};

/** What every part of a run needs. */
export interface RunContext {
  readonly plan: Plan;
  readonly shared: Setup;
  readonly tokens: Tokens;
  /** Requests by shape and credential, made once. */
  readonly requests: RequestStores;
  /** Shows progress to the user. */
  readonly log: (line: string) => void;
  /** What could not be measured, for the report. */
  readonly faults: string[];
}

/** Runs a part of the measurements. If it fails, the rest of a run of ten minutes is still worth having. */
export async function attempt(
  { faults, log }: Pick<RunContext, 'faults' | 'log'>,
  name: string,
  part: () => Promise<void>,
): Promise<void> {
  try {
    await part();
  } catch (fault) {
    const messages: string[] = [];
    for (let cause: unknown = fault; cause instanceof Error; cause = cause.cause)
      messages.push(cause.message.trim().split('\r\n')[0] ?? '');
    faults.push(`${name}: ${messages.join(': ')}`);
    log(`FAILED: ${faults.at(-1)}`);
  }
}

/** Makes the requests of all sessions once per shape and kind of credential. */
export class RequestStores {
  readonly #tokens: Tokens;
  readonly #boundTokens: Tokens | undefined;
  readonly #secret: string;
  readonly #sessions: number;
  readonly #stores = new Map<string, RequestStore>();
  #bound: BoundRequests | undefined;

  /** @param sessions how many sessions are in Redis */
  constructor(tokens: Tokens, boundTokens: Tokens | undefined, secret: string, sessions: number) {
    this.#tokens = tokens;
    this.#boundTokens = boundTokens;
    this.#secret = secret;
    this.#sessions = sessions;
  }

  /** Requests of the first `sessions` sessions in rotation, each with the upstream's response to this path. */
  rotation(
    credential: Contestant['credential'],
    shape: RequestShape & { upstream: UpstreamPath },
    sessions: number,
  ): RequestSource {
    const expected = { status: 200, body: responseBody(shape.upstream) };
    if (credential === 'bound-token') return this.#ofBound(shape).rotation(sessions, expected);
    return this.#store(credential === 'session-cookie', shape, sessions).rotation(sessions, expected);
  }

  #ofBound(shape: RequestShape): BoundRequests {
    if (this.#boundTokens === undefined) throw new Error('there are no sessions that are bound to a key');
    this.#bound ??= new BoundRequests(this.#boundTokens, shape);
    return this.#bound;
  }

  #store(isCookie: boolean, shape: RequestShape, sessions: number): RequestStore {
    const name = `${isCookie} ${shape.method} ${shape.path}`;
    const known = this.#stores.get(name);
    if (known !== undefined && known.count >= sessions) return known;
    const count = shape === SMALL_GET ? this.#sessions : sessions;
    const made = isCookie
      ? RequestStore.ofCookies(this.#secret, shape, Math.min(count, OTHER_SESSIONS_MAX))
      : RequestStore.ofTokens(this.#tokens, shape, count);
    this.#stores.set(name, made);
    return made;
  }
}

/** Starts a contestant, uses it, and stops it. If that fails, the run goes on. */
export const withServer = (
  context: RunContext,
  contestant: Contestant,
  use: (server: RunningServer) => Promise<void>,
): Promise<void> =>
  attempt(context, contestant.name, async () => {
    const server = await contestant.start(context.shared, SERVER_CORE);
    if (server instanceof Unavailable) throw new Error(server.reason);
    try {
      await use(server);
    } finally {
      await server.stop();
    }
  });
