import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, SetupError } from './run.mjs';

const MIN_NODE_MAJOR = 24;

/** Whether node_modules contains the packages of package-lock.json, and a Node.js that can run the project exists. */
export const isInstalled = (project) => hasPackages(project) && hasNode(project);

/** @throws {SetupError} */
export function install(project) {
  process.stderr.write('Installing packages (first run only) …\n');
  npm(project, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error');
  if (!hasNode(project))
    throw new SetupError(
      `Portcullis requires Node.js ${MIN_NODE_MAJOR} or later; this is ${process.version}. ` +
        'The npm package `node` provides one, but its install script did not run. ' +
        'Check whether ignore-scripts is set in your npm configuration.',
    );
}

function hasPackages(project) {
  const installed = installedPackages(project);
  return requiredPackages(project).every(
    ([path, { version, integrity }]) =>
      installed[path]?.version === version && installed[path]?.integrity === integrity,
  );
}

/** The packages that every platform needs; those for other platforms are optional. */
function requiredPackages(project) {
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'));
  return Object.entries(packages).filter(([path, { optional }]) => path !== '' && !optional);
}

/** npm writes this file last, so an interrupted installation does not have it. */
function installedPackages(project) {
  try {
    return JSON.parse(readFileSync(join(project, 'node_modules/.package-lock.json'), 'utf8')).packages;
  } catch {
    return {};
  }
}

/** The npm that started this script, or the one on the PATH. */
function npm(project, ...args) {
  const own = process.env.npm_execpath;
  const [program, first] = own?.endsWith('.js') ? [process.execPath, [own]] : ['npm', []];
  const errorMessage = 'npm ci failed. It requires npm 11 and access to a package registry.';
  run(program, [...first, ...args], { cwd: project, errorMessage });
}

/** The package `node` downloads its program in an install script, which npm can be configured not to run. */
function hasNode(project) {
  if (Number(process.versions.node.split('.')[0]) >= MIN_NODE_MAJOR) return true;
  if (requiredPackages(project).every(([path]) => path !== 'node_modules/node')) return true;
  return existsSync(join(project, 'node_modules/.bin/node'));
}
