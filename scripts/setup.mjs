/**
 * Runs before `npm start`, `npm test`, `npm run bench` and `npm run screenshots`: installs the packages of
 * package-lock.json if node_modules lacks any, builds the web app if its sources have changed, and otherwise exits quickly. It
 * runs on the installed Node.js, before the project's own is available, so it is plain JavaScript without dependencies.
 */
import { withLock } from './setup/lock.mjs';
import { install, isInstalled } from './setup/packages.mjs';
import { SetupError } from './setup/run.mjs';
import { build, isBuilt } from './setup/web-app.mjs';

const project = process.cwd();

function setUp() {
  if (!isInstalled(project)) install(project);
  if (!isBuilt(project)) build(project);
}

try {
  if (!isInstalled(project) || !isBuilt(project)) await withLock(project, setUp);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
