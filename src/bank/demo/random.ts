/**
 * A repeatable sequence of numbers from 0 (included) to 1 (not included): the same seeds give the same sequence.
 * For demo data only; it can be predicted. (mulberry32, with its start mixed from all the seeds.)
 */
export function repeatableRandom(...seeds: readonly number[]): () => number {
  let state = seeds.reduce((mixed, seed) => mix(Math.imul(mixed, 31) + seed), 0x9e3779b9);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    return mulberry(state) / 2 ** 32;
  };
}

/** The finaliser of MurmurHash3: every bit of the input moves about half of the output's. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function mulberry(state: number): number {
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}
