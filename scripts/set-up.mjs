/**
 * Runs before `npm start`, `npm test` and `npm run bench`: installs what package-lock.json asks for when node_modules
 * doesn't hold it yet, and otherwise does nothing, fast. It runs on whatever Node is installed, before the
 * project's own is there, so it is plain JavaScript without dependencies.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const LEAST_NODE_MAJOR_VERSION = 24;
const project = process.cwd();
const lockFile = join(project, '.cache/set-up.lock');

/** The packages of a lockfile that every machine gets; those for other systems are optional. */
function wantedPackages() {
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8'));
  return Object.entries(packages).filter(([path, { optional }]) => path !== '' && !optional);
}

/** npm writes down what it has installed when it has finished: an install that was broken off has no such file. */
function installedPackages() {
  try {
    return JSON.parse(readFileSync(join(project, 'node_modules/.package-lock.json'), 'utf8')).packages;
  } catch {
    return {};
  }
}

function isInstalled() {
  const installed = installedPackages();
  return wantedPackages().every(
    ([path, { version, integrity }]) =>
      installed[path]?.version === version && installed[path]?.integrity === integrity,
  );
}

/** Waits for another set-up in the same folder; one that was killed doesn't count. */
async function acquireLock() {
  mkdirSync(join(project, '.cache'), { recursive: true });
  const claim = `${lockFile}.${process.pid}`;
  writeFileSync(claim, `${process.pid}`);
  while (!link(claim)) {
    if (isRunning(lockHolder())) await delay(100);
    else rmSync(lockFile, { force: true });
  }
  rmSync(claim);
}

/** A link appears with its content or not at all, and only one process can make it. */
function link(claim) {
  try {
    linkSync(claim, lockFile);
    return true;
  } catch (fault) {
    if (fault.code !== 'EEXIST') throw fault;
    return false;
  }
}

function lockHolder() {
  try {
    return Number(readFileSync(lockFile, 'utf8'));
  } catch {
    return 0;
  }
}

function isRunning(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** npm's own program when npm started this script, so that the same npm goes on; else the one on the PATH. */
function npm(...words) {
  const own = process.env.npm_execpath;
  const [program, first] = own?.endsWith('.js') ? [process.execPath, [own]] : ['npm', []];
  execFileSync(program, [...first, ...words], { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] });
}

function install() {
  process.stderr.write('Installing what package-lock.json asks for (once) …\n');
  try {
    npm('ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error');
  } catch (fault) {
    const said = `${fault.stdout ?? ''}${fault.stderr ?? ''}`.trim() || fault.message;
    fail(`npm ci failed; wanted are npm 10 or newer and a package registry in reach:\n${said}`);
  }
}

/** The package `node` fetches its program in an install script, which npm can be told not to run. */
function hasNode() {
  if (Number(process.versions.node.split('.')[0]) >= LEAST_NODE_MAJOR_VERSION) return true;
  if (wantedPackages().every(([path]) => path !== 'node_modules/node')) return true;
  return existsSync(join(project, 'node_modules/.bin/node'));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  rmSync(lockFile, { force: true });
  process.exit(1);
}

const isReady = () => isInstalled() && hasNode();

if (!isReady()) {
  await acquireLock();
  if (!isReady()) install();
  rmSync(lockFile, { force: true });
}
if (!hasNode())
  fail(
    `Portcullis needs Node ${LEAST_NODE_MAJOR_VERSION} or newer; this is ${process.version}. ` +
      'The package `node` would bring one, but its install script has not run: ' +
      'is ignore-scripts set in your npm configuration?',
  );
