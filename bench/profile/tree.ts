import type { Profiler } from 'node:inspector';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A function called from its parent, with the time that was spent in it and below. Times are in microseconds. */
export interface Frame {
  readonly name: string;
  /** `src/…:12`, `node:…` or a package; empty for what has no file. */
  readonly place: string;
  readonly children: readonly Frame[];
  readonly selfMicros: number;
  readonly totalMicros: number;
}

const REPOSITORY = `${import.meta.dirname}/../..`;
/** Not CPU time of the program: waiting, and the profiler itself. */
const isLeftOut = ({ functionName, url }: Profiler.ProfileNode['callFrame']): boolean =>
  functionName === '(idle)' || url === 'node:inspector';

/** The tree of a CPU profile, without idle time. */
export function profileTree({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Frame {
  const selfMicros = new Map<number, number>();
  samples.forEach((id, index) => {
    selfMicros.set(id, (selfMicros.get(id) ?? 0) + (timeDeltas[index] ?? 0));
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const frameOf = (node: Profiler.ProfileNode): Frame => {
    const children = (node.children ?? []).flatMap((id) => {
      const child = byId.get(id);
      return child === undefined || isLeftOut(child.callFrame) ? [] : [frameOf(child)];
    });
    const self = selfMicros.get(node.id) ?? 0;
    return {
      name: node.callFrame.functionName || '(anonymous)',
      place: placeOf(node.callFrame),
      children,
      selfMicros: self,
      totalMicros: children.reduce((sum, { totalMicros }) => sum + totalMicros, self),
    };
  };
  const [root] = nodes;
  if (root === undefined) throw new Error('the profile is empty');
  return frameOf(root);
}

/** All frames of a tree. */
export function* framesOf(frame: Frame): Generator<Frame> {
  yield frame;
  for (const child of frame.children) yield* framesOf(child);
}

function placeOf({ url, lineNumber }: Profiler.ProfileNode['callFrame']): string {
  if (!url.startsWith('file:')) return url;
  const path = relative(REPOSITORY, fileURLToPath(url));
  return `${path.replace(/^.*node_modules\//, '')}:${lineNumber + 1}`;
}
