/** What the processes of the calm bench tell each other (IPC of `node:child_process`). */

/** A credential of the flood. */
export interface FloodSession {
  accessToken: string;
  refreshToken: string;
}

export interface CalmPlan {
  url: string;
  accessTokens: readonly string[];
  requestsPerSecond: number;
  seconds: number;
}

export interface FloodPlan {
  url: string;
  flood: string;
  connections: number;
  /** Each connection has one of them. */
  addresses: readonly string[];
  usernames: readonly string[];
  password: string;
  sessions: readonly FloodSession[];
}

/** Resolves with the plan that the parent sends. This process exits when the parent does. */
export function receivePlan<Plan>(): Promise<Plan> {
  process.once('disconnect', () => process.exit());
  return new Promise((resolve) => process.once('message', (plan) => resolve(plan as Plan)));
}

/** Sends a result to the parent, and ends this process. */
export function sendResult(result: object): void {
  process.send?.(result, () => process.exit());
}
