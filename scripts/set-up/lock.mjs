import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** No process has this id. */
const NOBODY = 0;
const WAIT_MS = 50;
/** A build takes less. */
const WAITS_UNSAID = 100;

/** Does something while no other set-up works in the same folder. One that was killed doesn't count. */
export async function alone(project, work) {
  const lockFile = join(project, '.cache/set-up.lock');
  mkdirSync(join(project, '.cache'), { recursive: true });
  const claim = `${lockFile}.${process.pid}`;
  writeFileSync(claim, `${process.pid}`);
  for (let tries = 0; !link(claim, lockFile); tries += 1) {
    const holder = holderOf(lockFile);
    if (holder !== NOBODY && !isRunning(holder)) removeDead(lockFile, claim, holder);
    if (tries === WAITS_UNSAID)
      process.stderr.write(`Waiting for another set-up (process ${holder}; its lock is ${lockFile}) …\n`);
    await delay(WAIT_MS);
  }
  rmSync(claim);
  try {
    work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/**
 * Removes the lock of a process that was killed. Whoever has found it dead may be late, and another work by now under a
 * lock of its own. So only one at a time may remove it, and looks again first.
 */
function removeDead(lockFile, claim, holder) {
  const permit = `${lockFile}.dead-${holder}`;
  if (!link(claim, permit)) return;
  if (holderOf(lockFile) === holder) rmSync(lockFile, { force: true });
  rmSync(permit);
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
    return NOBODY;
  }
}

/** Whoever had this process's own id before is gone: in containers the same few come again. */
function isRunning(pid) {
  try {
    return pid !== process.pid && process.kill(pid, 0);
  } catch {
    return false;
  }
}
