import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpFailed, saidBy } from './failed.mjs';

const LEAST_NODE_MAJOR_VERSION = 24;

/** Whether node_modules holds what package-lock.json asks for, and there is a Node that can run the project. */
export const isInstalled = (project) => holdsPackages(project) && hasNode(project);

/** @throws {SetUpFailed} */
export function install(project) {
  process.stderr.write('Installing what package-lock.json asks for (once) …\n');
  try {
    npm(project, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error');
  } catch (fault) {
    throw new SetUpFailed(
      `npm ci failed; wanted are npm 10 or newer and a package registry in reach:\n${saidBy(fault)}`,
    );
  }
  if (!hasNode(project))
    throw new SetUpFailed(
      `Portcullis needs Node ${LEAST_NODE_MAJOR_VERSION} or newer; this is ${process.version}. ` +
        'The package `node` would bring one, but its install script has not run: ' +
        'is ignore-scripts set in your npm configuration?',
    );
}

function holdsPackages(project) {
  const installed = installedPackages(project);
  return wantedPackages(project).every(
    ([path, { version, integrity }]) =>
      installed[path]?.version === version && installed[path]?.integrity === integrity,
  );
}

/** The packages of a lockfile that every machine gets; those for other systems are optional. */
function wantedPackages(project) {
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'));
  return Object.entries(packages).filter(([path, { optional }]) => path !== '' && !optional);
}

/** npm writes down what it has installed when it has finished: an install that was broken off has no such file. */
function installedPackages(project) {
  try {
    return JSON.parse(readFileSync(join(project, 'node_modules/.package-lock.json'), 'utf8')).packages;
  } catch {
    return {};
  }
}

/** npm's own program when npm started this script, so that the same npm goes on; else the one on the PATH. */
function npm(project, ...words) {
  const own = process.env.npm_execpath;
  const [program, first] = own?.endsWith('.js') ? [process.execPath, [own]] : ['npm', []];
  execFileSync(program, [...first, ...words], { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The package `node` fetches its program in an install script, which npm can be told not to run. */
function hasNode(project) {
  if (Number(process.versions.node.split('.')[0]) >= LEAST_NODE_MAJOR_VERSION) return true;
  if (wantedPackages(project).every(([path]) => path !== 'node_modules/node')) return true;
  return existsSync(join(project, 'node_modules/.bin/node'));
}
