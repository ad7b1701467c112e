import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How many bytes of bodies may pass before the buffers that they came in are collected. */
const COLLECT_AFTER_BYTES = 8 * 1024 * 1024;

const collect = youngCollector();
let passedBytes = 0;

/**
 * Counts bytes of bodies that pass through, and has their buffers collected in time. They are outside V8's heap,
 * and V8 lets about 64 MiB of dead ones pile up before it looks: more than the gateway needs for all the rest.
 * A collection of the young takes about 1 ms, so a gibibyte costs 0.1 s.
 */
export function noteBodyBytes(bytes: number): void {
  passedBytes += bytes;
  if (passedBytes < COLLECT_AFTER_BYTES) return;
  passedBytes = 0;
  collect({ type: 'minor' });
}

/** V8's `gc`, which it gives only to contexts that are made while this flag is on. */
function youngCollector(): (kind: { type: 'minor' }) => void {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc');
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
