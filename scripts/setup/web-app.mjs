import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';

const SOURCES = 'src/web';
/** The other inputs of a build: its configuration and the versions of its tools. */
const BUILD_INPUTS = ['vite.config.ts', 'tsconfig.json', 'package-lock.json'];

const BUILD = 'dist/web';
/** Stored in the build. A manual build empties the folder first, so it is never taken for one of these sources. */
const DIGEST = '.sources-sha256';

/** Whether the web app has been built from exactly these sources, or there is none to build. */
export const isBuilt = (project) =>
  !existsSync(join(project, 'vite.config.ts')) || builtDigest(project) === sourcesDigest(project);

/** If a build fails or is interrupted, the previous one remains. @throws {SetupError} */
export function build(project) {
  process.stderr.write('Building the web app …\n');
  const [current, next, previous] = ['', '.next', '.previous'].map((suffix) => join(project, BUILD + suffix));
  const digest = sourcesDigest(project);
  vite(project, 'build', '--configLoader', 'native', '--outDir', next, '--emptyOutDir');
  writeFileSync(join(next, DIGEST), digest);
  rmSync(previous, { recursive: true, force: true });
  if (existsSync(current)) renameSync(current, previous);
  renameSync(next, current);
  rmSync(previous, { recursive: true, force: true });
}

function sourcesDigest(project) {
  const digest = createHash('sha256');
  const sources = readdirSync(join(project, SOURCES), { recursive: true }).map((name) => join(SOURCES, name));
  for (const path of [...sources.sort(), ...BUILD_INPUTS]) {
    if (statSync(join(project, path)).isDirectory()) continue;
    const content = readFileSync(join(project, path));
    digest.update(`${path}\0${content.length}\0`).update(content);
  }
  return digest.digest('hex');
}

function builtDigest(project) {
  try {
    return readFileSync(join(project, BUILD, DIGEST), 'utf8');
  } catch {
    return undefined;
  }
}

/** Runs Vite with the project's own Node.js if this one is another. */
function vite(project, ...args) {
  const programs = join(project, 'node_modules/.bin');
  const PATH = `${programs}${delimiter}${process.env.PATH}`;
  const env = { ...process.env, PATH, NODE_ENV: 'production' };
  const errorMessage = `The web app in ${SOURCES} could not be built:`;
  run(join(programs, 'vite'), args, { cwd: project, env, errorMessage });
}
