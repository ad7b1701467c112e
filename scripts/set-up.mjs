/**
 * Runs before `npm start`, `npm test` and `npm run bench`: installs what package-lock.json asks for when node_modules
 * doesn't hold it yet, builds the web app when its sources have changed, and otherwise does nothing, fast. It runs
 * on whatever Node is installed, before the project's own is there, so it is plain JavaScript without dependencies.
 */
import { SetUpFailed } from './set-up/failed.mjs';
import { alone } from './set-up/lock.mjs';
import { install, isInstalled } from './set-up/packages.mjs';
import { build, isBuilt } from './set-up/web-app.mjs';

const project = process.cwd();

function setUp() {
  if (!isInstalled(project)) install(project);
  if (!isBuilt(project)) build(project);
}

try {
  if (!isInstalled(project) || !isBuilt(project)) await alone(project, setUp);
} catch (fault) {
  if (!(fault instanceof SetUpFailed)) throw fault;
  process.stderr.write(`${fault.message}\n`);
  process.exitCode = 1;
}
