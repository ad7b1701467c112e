/** An audit record, as far as the soak compares it. */
export interface AuditedAction {
  action: string;
  result: string;
  session?: string | undefined;
  subject?: string | undefined;
}

/** Which records must exist: how many acknowledged actions there were of each kind, on each session or user. */
export class AcknowledgedActions {
  readonly #counts = new Map<string, number>();

  /** The response that acknowledges the action has arrived, so its record is stored. */
  add(action: string, target: string): void {
    const key = `${action} ${target}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  get size(): number {
    return this.#counts.size;
  }

  /** What has been acknowledged without a record, as sentences. More records than acknowledged actions are no fault. */
  missingFrom(records: Iterable<AuditedAction>): string[] {
    const left = new Map(this.#counts);
    for (const { action, result, session, subject } of records) {
      if (result !== 'done') continue;
      for (const target of new Set([session, subject])) {
        const key = `${action} ${target}`;
        const count = left.get(key);
        if (count !== undefined) left.set(key, count - 1);
      }
    }
    return [...left]
      .filter(([, count]) => count > 0)
      .map(([key, count]) => `${count} × ${key} has no audit record`);
  }
}
