/** The values of the settings that are set, by name, not yet validated. */
type Given = Readonly<Record<string, string>>;

const NO_DATABASE = /^rediss?:\/\/[^/?#]*(?:\/0?)?$/;

/** Settings of the topology of Redis that contradict each other. No message repeats a value. */
export function topologyFaults({
  REDIS_URL,
  REDIS_SENTINELS,
  REDIS_SENTINEL_USERNAME,
  REDIS_SENTINEL_PASSWORD,
  REDIS_CLUSTER_NODES,
}: Given): string[] {
  const faults: string[] = [];
  if (REDIS_SENTINELS !== undefined && REDIS_CLUSTER_NODES !== undefined)
    faults.push('REDIS_SENTINELS: must not be set together with REDIS_CLUSTER_NODES');
  if (REDIS_SENTINELS !== undefined && REDIS_URL?.startsWith('unix:'))
    faults.push('REDIS_URL: must be redis:// or rediss:// together with REDIS_SENTINELS');
  if (REDIS_CLUSTER_NODES !== undefined && REDIS_URL !== undefined && !NO_DATABASE.test(REDIS_URL))
    faults.push(
      'REDIS_URL: must be redis:// or rediss:// without a database together with REDIS_CLUSTER_NODES',
    );
  if (REDIS_SENTINEL_USERNAME !== undefined && REDIS_SENTINEL_PASSWORD === undefined)
    faults.push('REDIS_SENTINEL_PASSWORD: must be set together with REDIS_SENTINEL_USERNAME');
  return faults;
}

/** Whoever can command the Sentinels can name a server of their own as the primary, and is sent the password of Redis. */
export const sentinelProductionFaults = ({ REDIS_SENTINELS, REDIS_SENTINEL_PASSWORD }: Given): string[] =>
  REDIS_SENTINELS === undefined || REDIS_SENTINEL_PASSWORD !== undefined
    ? []
    : ['REDIS_SENTINEL_PASSWORD: must be set in production if REDIS_SENTINELS is'];
