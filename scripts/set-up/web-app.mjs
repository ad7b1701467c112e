import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetUpFailed, saidBy } from './failed.mjs';

const SOURCES = 'src/web';
/** What else decides about the outcome: how it is built, by which release of what. */
const BUILT_WITH = ['vite.config.ts', 'tsconfig.json', 'package-lock.json'];

const BUILD = 'dist/web';
/** In the build, so that a build by hand, which empties the folder first, isn't taken for one of known sources. */
const DIGEST = '.sources-sha256';

/** Whether the web app has been built from just these sources, or there is none to build. */
export const isBuilt = (project) =>
  !existsSync(join(project, 'vite.config.ts')) || builtFrom(project) === digestOfSources(project);

/** A build that fails or is broken off leaves the one before as it was. @throws {SetUpFailed} */
export function build(project) {
  process.stderr.write('Building the web app …\n');
  const [done, next, previous] = ['', '.next', '.previous'].map((end) => join(project, BUILD + end));
  const digest = digestOfSources(project);
  try {
    vite(project, 'build', '--configLoader', 'native', '--outDir', next, '--emptyOutDir');
  } catch (fault) {
    throw new SetUpFailed(`The web app in ${SOURCES} could not be built:\n${saidBy(fault)}`);
  }
  writeFileSync(join(next, DIGEST), digest);
  rmSync(previous, { recursive: true, force: true });
  if (existsSync(done)) renameSync(done, previous);
  renameSync(next, done);
  rmSync(previous, { recursive: true, force: true });
}

function digestOfSources(project) {
  const digest = createHash('sha256');
  const sources = readdirSync(join(project, SOURCES), { recursive: true }).map((name) => join(SOURCES, name));
  for (const path of [...sources.sort(), ...BUILT_WITH]) {
    if (statSync(join(project, path)).isDirectory()) continue;
    const content = readFileSync(join(project, path));
    digest.update(`${path}\0${content.length}\0`).update(content);
  }
  return digest.digest('hex');
}

function builtFrom(project) {
  try {
    return readFileSync(join(project, BUILD, DIGEST), 'utf8');
  } catch {
    return undefined;
  }
}

/** By the project's own Node, if the one that runs this is another. */
function vite(project, ...words) {
  const programs = join(project, 'node_modules/.bin');
  const PATH = `${programs}${delimiter}${process.env.PATH}`;
  const env = { ...process.env, PATH, NODE_ENV: 'production' };
  execFileSync(join(programs, 'vite'), words, { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] });
}
