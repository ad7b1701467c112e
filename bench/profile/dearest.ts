import { type Frame, framesOf } from './tree.ts';

export interface FunctionCost {
  readonly name: string;
  readonly place: string;
  /** The share of all CPU time that was spent in the function itself, not in what it calls. */
  readonly selfPercent: number;
}

const SHOWN = 10;

/** The ten functions with the most CPU time of their own, wherever they were called from. */
export function dearestFunctions(root: Frame): FunctionCost[] {
  const byFunction = Map.groupBy(framesOf(root), ({ name, place }) => `${name} ${place}`);
  const costs = [...byFunction.values()].flatMap((frames) => {
    const [first] = frames;
    if (first === undefined) return [];
    const micros = frames.reduce((sum, { selfMicros }) => sum + selfMicros, 0);
    return [{ name: first.name, place: first.place, selfPercent: (micros / root.totalMicros) * 100 }];
  });
  return costs.sort((one, other) => other.selfPercent - one.selfPercent).slice(0, SHOWN);
}
