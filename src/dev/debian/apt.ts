import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface WantedPackages {
  /** Groups of names of which the first that can be downloaded is used. */
  alternatives: readonly (readonly string[])[];
  /** Matches the names of packages that are downloaded even where they are installed, as apt would leave them out. */
  ignoreInstalled: RegExp;
  /** The time for all downloads of one group. */
  timeoutMs: number;
}

/**
 * Downloads packages and all missing libraries without root: apt uses its own lists and cache below `work` and writes
 * nothing to the system. @returns the paths of the `.deb` files. @throws with the reason for each group
 */
export async function fetchArchives(work: string, wanted: WantedPackages): Promise<string[]> {
  const archives = join(work, 'cache/archives');
  for (const path of [join(work, 'lists/partial'), join(archives, 'partial'), join(work, 'root')])
    await mkdir(path, { recursive: true });
  const configuration = join(work, 'apt.conf');
  await writeFile(configuration, aptConfiguration(work));
  await writeFile(join(work, 'status'), await statusWithout(wanted.ignoreInstalled));
  const apt = (...words: string[]) =>
    run('apt-get', ['-c', configuration, '-qq', ...words], {
      env: { ...process.env, LC_ALL: 'C' },
      timeout: wanted.timeoutMs,
    });
  await apt('update');
  await downloadFirst(wanted.alternatives, (names) => apt('--download-only', 'install', ...names));
  return (await readdir(archives))
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(archives, name));
}

/** Downloads the first group that is available. @throws with the reason for each group */
async function downloadFirst(
  groups: readonly (readonly string[])[],
  download: (names: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const faults: string[] = [];
  for (const names of groups) {
    try {
      await download(names);
      return;
    } catch (fault) {
      faults.push(`${names.join(' ')}: ${lastLine(fault)}`);
    }
  }
  throw new Error(faults.join('; '));
}

/**
 * dpkg's status file without some packages, because apt does not download those that it takes to be installed. Packages
 * that depend on them are left out as well: apt refuses to work with a status in which dependencies are missing.
 */
async function statusWithout(ignored: RegExp): Promise<string> {
  const { stdout } = await run('apt-config', ['shell', 'file', 'Dir::State::status/f']);
  const status = await readFile(/'(.*)'/.exec(stdout)?.[1] ?? '', 'utf8');
  let entries = status.split(/\n{2,}/).map((text) => ({ text, ...namesIn(text) }));
  let left = entries.filter(({ name }) => !ignored.test(name));
  const missing = new Set<string>();
  while (left.length < entries.length) {
    for (const { name } of entries) missing.add(name);
    for (const { name } of left) missing.delete(name);
    entries = left;
    left = entries.filter(({ dependsOn }) => !dependsOn.some((name) => missing.has(name)));
  }
  return left.map(({ text }) => text).join('\n\n');
}

/** The name of a package in dpkg's status file, and those that it names as dependencies, alternatives included. */
function namesIn(entry: string): { name: string; dependsOn: string[] } {
  const fields = [...entry.matchAll(/^(?:Pre-)?Depends: (.*)$/gm)].map(([, value = '']) => value);
  const dependsOn = fields.flatMap((value) =>
    value.split(/[,|]/).map((word) => word.trim().split(/[\s:]/)[0] ?? ''),
  );
  return { name: /^Package: (\S+)/m.exec(entry)?.[1] ?? '', dependsOn };
}

/** Makes apt write to private directories only, and disables the system's hooks, as some clean the system's cache. */
function aptConfiguration(work: string): string {
  return `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
Dir::State::lists "${work}/lists";
Dir::State::status "${work}/status";
Dir::Cache "${work}/cache";
Dir::Cache::archives "${work}/cache/archives";
Dir::Log "${work}/log";
Debug::NoLocking "true";
APT::Sandbox::User "";
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
Acquire::Languages "none";
`;
}

/** The last line of an error's message, which for apt is its reason. */
export function lastLine(fault: unknown): string {
  const text = fault instanceof Error ? fault.message.trim() : 'unknown error';
  return text.slice(text.lastIndexOf('\n') + 1);
}
