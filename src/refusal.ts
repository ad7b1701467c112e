/**
 * An expected "no", as a value: which reason, and optionally what a log line should add. Faults (a broken
 * network, a bug) are thrown errors instead.
 *
 * `detail` is for the log only and never holds what the client sent.
 */
export class Refusal<Reason extends string> {
  readonly reason: Reason;
  readonly detail: string | undefined;

  constructor(reason: Reason, detail?: string) {
    this.reason = reason;
    this.detail = detail;
  }
}
