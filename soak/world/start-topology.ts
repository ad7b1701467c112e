import type { SoakOptions } from '../options.ts';
import { startSingle } from './single.ts';
import type { Topology } from './topology.ts';

/** Starts Redis in the topology that the options name. */
export function startTopology(name: SoakOptions['redis']): Promise<Topology> {
  if (name === 'single') return startSingle();
  throw new Error(`--redis ${name}: not available yet`);
}
