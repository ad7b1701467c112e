import type { TOPOLOGIES } from '../options.ts';
import { startCluster } from './cluster.ts';
import { startSentinel } from './sentinel.ts';
import { startSingle } from './single.ts';
import type { Topology } from './topology.ts';

const STARTERS: Record<(typeof TOPOLOGIES)[number], () => Promise<Topology>> = {
  single: startSingle,
  sentinel: startSentinel,
  cluster: startCluster,
};

/** Starts Redis in the topology that the options name. */
export const startTopology = (name: (typeof TOPOLOGIES)[number]): Promise<Topology> => STARTERS[name]();
