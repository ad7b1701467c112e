import { join } from 'node:path';

/** What a run keeps for later ones. Ignored by git. */
export const CACHE_DIRECTORY = join(import.meta.dirname, '../../.cache/bench');
