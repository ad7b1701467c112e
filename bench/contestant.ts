/**
 * A server that is compared: `ours` is the gateway, a `peer` does the same checks in another way, and a `limit` checks
 * nothing, so that its figures are the least that a proxy costs.
 */
export interface Contestant {
  /** A short name in lower case for `--only`, such as `nginx` or `fastify-cached`. Unique. */
  readonly id: string;
  /** The name in tables, such as `nginx + Lua + Redis`. Unique. */
  readonly name: string;
  readonly kind: 'ours' | 'peer' | 'limit';
  /**
   * What its clients send: `authorization: Bearer …` of the shared sessions, `authorization: DPoP …` of sessions that are
   * bound to a key each with a new proof for each request (load/bound-requests.ts), the `cookie` of a server-side session
   * (sessions/cookie-session.ts), or the same header as `token` to a server that ignores it (`none`).
   */
  readonly credential: 'token' | 'bound-token' | 'session-cookie' | 'none';
  /** One sentence for the report: what it runs and what it checks. */
  readonly description: string;
  /**
   * Starts it on one CPU core and resolves when it listens. Its files go into `shared.directory`.
   * @throws if it is installed and does not start
   */
  start(shared: SharedSetup, core: number): Promise<RunningServer | Unavailable>;
}

export interface RunningServer {
  /** `http://127.0.0.1:<port>`, without a path. It forwards `/bank/…` to `/…` of the upstream, as the gateway does. */
  readonly url: string;
  /** The first processes of the server. CPU time is summed over them, their descendants and all threads. */
  readonly pids: readonly number[];
  /** Ends all its processes and resolves when they have ended. */
  stop(): Promise<void>;
}

/** Why a contestant is left out, such as a package that could not be fetched. */
export class Unavailable {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** What all contestants of a run share. */
export interface SharedSetup {
  /** A directory for files, removed after the run. */
  readonly directory: string;
  readonly redis: {
    /** `unix:///…` */
    readonly url: string;
    readonly socketPath: string;
  };
  /** `http://127.0.0.1:<port>`. It speaks HTTP/1.1 with keep-alive. */
  readonly upstreamUrl: string;
  readonly issuer: string;
  readonly audience: string;
  /** The key that signs all access tokens, PEM (PKCS #8), for tests with wrong tokens only. No contestant but `ours` gets it. */
  readonly signingKeyPem: string;
  /** Its public half, PEM (SPKI). */
  readonly publicKeyPem: string;
  /** The `kid` in the header of each access token. */
  readonly kid: string;
  /** Signs the cookies of `session-cookie` contestants. */
  readonly sessionSecret: string;
  /** The environment of the gateway's process. */
  readonly gatewayEnvironment: Readonly<Record<string, string>>;
}
