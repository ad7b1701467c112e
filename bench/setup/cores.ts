import { cpus } from 'node:os';

/** Runs the compared server. */
export const SERVER_CORE = 0;
/** Runs everything else: the load, the upstream and Redis. */
export const LOAD_CORE = 1;

/** @throws if the machine has only one core */
export function requireTwoCores(): void {
  if (cpus().length < 2)
    throw new Error('the benchmark needs two cores: one for the server, one for the load');
}
