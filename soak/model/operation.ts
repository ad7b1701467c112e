/**
 * What the soak knows of one operation. All times are in milliseconds of the runner's monotonic clock, the only clock
 * that the checker compares.
 */
export interface Operation {
  id: number;
  /** What it does, for the report: `read`, `logout`, `block` … */
  name: string;
  /** Which gateway it was sent to, and as whom. For people. */
  by: string;
  /** Present if the operation must not succeed without this authority. */
  authority?: Authority | undefined;
  /** What it changes if it succeeds. */
  effects?: readonly Effect[] | undefined;
}

/** What an operation relies on. It may only succeed while nothing of it has been revoked. */
export interface Authority {
  /** Session id. */
  session?: string | undefined;
  /** The id of the signing key of the access token. */
  kid?: string | undefined;
  /** From then on the token may be rejected without a revocation. */
  expiresAtMs?: number | undefined;
  /** Names of switches that have to be on. */
  switches?: readonly string[] | undefined;
}

export type Effect =
  /** Starts a session of the user. Its id comes with the return. */
  | { kind: 'start'; user: string }
  /** Exchanges the refresh token of a session. */
  | { kind: 'refresh'; session: string }
  | { kind: 'end-session'; session: string }
  /** Ends all sessions of the user that have been started before, or all except one. */
  | { kind: 'end-user'; user: string; except?: string | undefined }
  /** Tokens that this key has signed become invalid. */
  | { kind: 'retire'; kid: string }
  /** Gives or takes away what can be given back: an active account, a role. */
  | { kind: 'switch'; name: string; on: boolean };

/**
 * How an operation ended: `ok` (2xx); `denied` (401 or 403); `refused` (another 4xx: it has changed nothing); `unknown`
 * (5xx, no response, or a cut connection: it may have taken effect, or may still do so).
 */
export type Outcome = 'ok' | 'denied' | 'refused' | 'unknown';

/** An operation with the times that have been observed so far. */
export interface Recorded extends Operation {
  calledMs: number;
  /**
   * The latest time before which the gateway cannot have made its last check: just before the last byte of the request
   * was sent. Usually the same as `calledMs`; later for an upload in parts.
   */
  sentMs: number;
  returnedMs?: number;
  outcome?: Outcome;
  /** The status, problem code or fault. For people. */
  detail?: string;
}

export type Rule =
  /** An operation succeeded although what it relies on had been revoked before it was called. */
  | 'accepted-after-revocation'
  /** An operation was denied although nothing that it relies on had been revoked before it returned. */
  | 'denied-without-revocation';

export interface Violation {
  rule: Rule;
  /** What had been revoked or granted, such as `session …`. */
  about: string;
  /** The revocation; undefined if there was none. */
  earlier: Recorded | undefined;
  later: Recorded;
}
