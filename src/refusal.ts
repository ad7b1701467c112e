/** One field of a client's input that is wrong. */
export interface FieldError {
  /** Member names joined by dots, or the name of a parameter or header. Empty for the whole input. */
  field: string;
  message: string;
}

interface RefusalOptions {
  /** For the log only. It never holds what the client sent. */
  detail?: string | undefined;
  /** For the client: which fields of its input are wrong. */
  errors?: readonly FieldError[] | undefined;
  /** For the client: how many seconds to wait, where that depends on the request. */
  retryAfterSeconds?: number | undefined;
}

/**
 * An expected "no", as a value: the reason, and optionally more about it (text alone is the `detail`). Faults, such as
 * a broken network or a bug, are thrown errors instead.
 */
export class Refusal<Reason extends string> {
  readonly reason: Reason;
  readonly detail: string | undefined;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(reason: Reason, more: string | RefusalOptions = {}) {
    const { detail, errors, retryAfterSeconds } = typeof more === 'string' ? { detail: more } : more;
    this.reason = reason;
    this.detail = detail;
    this.errors = errors;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
