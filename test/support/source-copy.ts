import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One defense of the gateway: a text in a file of `src`, and what is there without it. */
export interface Defense {
  file: string;
  present: string;
  missing: string;
}

const CACHE = join(import.meta.dirname, '../../.cache');

/** A copy of the source without a defense, in the project's folder so that it finds the packages. */
export async function copyWithout({ file, present, missing }: Defense): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  const copy = await mkdtemp(join(CACHE, 'gateway-'));
  await cp('src', join(copy, 'src'), { recursive: true });
  await cp('package.json', join(copy, 'package.json'));
  const path = join(copy, 'src', file);
  const source = await readFile(path, 'utf8');
  if (source.split(present).length !== 2) throw new Error(`${file} must have the defense once`);
  await writeFile(path, source.replace(present, missing));
  return copy;
}
