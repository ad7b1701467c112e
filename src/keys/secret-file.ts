import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The text that an earlier start kept in the file `name` of `directory`, or what `make` makes, kept with mode 0600.
 * Of several processes that start at once one makes it and all use it: the file appears whole or not at all.
 */
export async function loadOrCreateSecret(
  directory: string,
  name: string,
  make: () => string | Promise<string>,
): Promise<string> {
  const path = join(directory, name);
  const kept = await readIfPresent(path);
  if (kept !== undefined) return kept;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `${name}.${process.pid}.${crypto.randomUUID()}.draft`);
  await writeFile(draft, await make(), { mode: 0o600 });
  await link(draft, path).catch((fault: NodeJS.ErrnoException) => {
    if (fault.code !== 'EEXIST') throw fault;
  });
  await rm(draft);
  return readFile(path, 'utf8');
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
}
