/** What goes on beside the calm connections. `quiet` is nothing. */
export const SCENARIOS = [
  'quiet',
  'logins',
  'bad-signatures',
  'refreshes',
  'large-headers',
  'large-bodies',
] as const;

export type Scenario = (typeof SCENARIOS)[number];
export type Flood = Exclude<Scenario, 'quiet'>;

export interface CalmOptions {
  /** How long each scenario is measured. */
  seconds: number;
  /** Without `quiet` there are no ratios. */
  scenarios?: readonly Scenario[];
  /** How many source addresses the flood comes from. Each is a network for the gateway's limits. */
  floodAddresses?: number;
  /** How many connections of the flood send at the same time, each as soon as it has a response. */
  floodConnections?: number;
  /** How many logged-in connections there are, each with a session and a source address of its own. */
  connections?: number;
  /** Requests per second of each logged-in connection. */
  ratePerConnection?: number;
  /** How long the logged-in connections send before anything is measured. */
  warmUpSeconds?: number;
  /** The cores of the gateway, as `taskset` takes them. All else has `loadCores`. */
  gatewayCores?: string;
  loadCores?: string;
  /** Settings of the gateway that differ from their defaults. */
  gatewayEnv?: Readonly<Record<string, string>>;
  /** Called with each result as soon as it is there. */
  onResult?: (result: CalmResult) => void;
}

/** What the logged-in connections experienced. Latencies count from the time at which a request was due. */
export interface CalmResult {
  scenario: Scenario;
  floodAddresses: number;
  requests: number;
  /** Requests without the expected response. */
  failures: number;
  p50Ms: number;
  p99Ms: number;
  p999Ms: number;
  /** `p99Ms` divided by that of `quiet` in the same run. */
  p99Ratio: number | undefined;
  /** CPU time of the gateway divided by the time of the measurement: 1 is one core. */
  gatewayCores: number;
  /** The responses to the flood by status; `closed` counts requests whose connection was closed without one. */
  floodResponses: Readonly<Record<string, number>>;
}
