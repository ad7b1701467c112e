import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Does something while no other set-up works in the same folder. One that was killed doesn't count. */
export async function alone(project, work) {
  const lockFile = join(project, '.cache/set-up.lock');
  mkdirSync(join(project, '.cache'), { recursive: true });
  const claim = `${lockFile}.${process.pid}`;
  writeFileSync(claim, `${process.pid}`);
  while (!link(claim, lockFile)) {
    if (isRunning(holderOf(lockFile))) await delay(100);
    else rmSync(lockFile, { force: true });
  }
  rmSync(claim);
  try {
    work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/** A link appears with its content or not at all, and only one process can make it. */
function link(claim, lockFile) {
  try {
    linkSync(claim, lockFile);
    return true;
  } catch (fault) {
    if (fault.code !== 'EEXIST') throw fault;
    return false;
  }
}

function holderOf(lockFile) {
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
