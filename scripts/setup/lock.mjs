import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** No process has this ID. */
const NO_PID = 0;
const RETRY_MS = 50;
/** Longer than a build takes. */
const RETRIES_BEFORE_NOTICE = 100;

/** Runs `work` while no other setup runs in the same project. A lock whose process was killed is ignored. */
export async function withLock(project, work) {
  const lockFile = join(project, '.cache/setup.lock');
  mkdirSync(join(project, '.cache'), { recursive: true });
  const claim = `${lockFile}.${process.pid}`;
  writeFileSync(claim, `${process.pid}`);
  for (let retries = 0; !link(claim, lockFile); retries += 1) {
    const pid = pidIn(lockFile);
    if (pid !== NO_PID && !isRunning(pid)) removeStale(lockFile, claim, pid);
    if (retries === RETRIES_BEFORE_NOTICE)
      process.stderr.write(`Waiting for another setup (process ${pid}, lock file ${lockFile}) …\n`);
    await delay(RETRY_MS);
  }
  rmSync(claim);
  try {
    work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/**
 * Removes the lock of a killed process. By the time a process finds the lock stale, another may have replaced it with its
 * own. Therefore only one process at a time may remove it, and it reads the lock again first.
 */
function removeStale(lockFile, claim, stalePid) {
  const permit = `${lockFile}.stale-${stalePid}`;
  if (!link(claim, permit)) return;
  if (pidIn(lockFile) === stalePid) rmSync(lockFile, { force: true });
  rmSync(permit);
}

/** Creating a link is atomic: it appears with its content, and only one process succeeds. */
function link(claim, lockFile) {
  try {
    linkSync(claim, lockFile);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

function pidIn(lockFile) {
  try {
    return Number(readFileSync(lockFile, 'utf8'));
  } catch {
    return NO_PID;
  }
}

/** A lock with this process's own ID is stale: containers reuse the same few IDs. */
function isRunning(pid) {
  try {
    return pid !== process.pid && process.kill(pid, 0);
  } catch {
    return false;
  }
}
