import { describe, expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { startHeartbeat } from '../../src/workers/heartbeat.ts';
import { WorkerNotStarted } from '../../src/workers/worker-process.ts';
import { scriptedPool } from '../support/scripted-workers.ts';
import { until } from '../support/until.ts';

const log = createLog('gateway', 'silent');

describe('a worker whose process', () => {
  test('cannot be started does not end the primary process, and is started again', async () => {
    await using workers = scriptedPool({
      count: 2,
      behaviorOf: (number, generation) => (number === 2 && generation < 2 ? 'missing' : 'ready'),
    });
    await workers.pool.start();
    await until(() => workers.pool.serving.length === 2);
    expect(workers.spawned.map(({ number, pid }) => [number, pid !== undefined])).toEqual([
      [1, true],
      [2, false],
      [2, false],
      [2, true],
    ]);
  });

  test('does not listen in time is killed, and the start fails', async () => {
    await using workers = scriptedPool({ count: 1, behaviorOf: () => 'silent', readyWithinMs: 500 });
    await expect(workers.pool.start()).rejects.toThrow(WorkerNotStarted);
    expect(await workers.spawned[0]?.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('keeps crashing does not delay the replacement of another', async () => {
    await using workers = scriptedPool({
      count: 2,
      behaviorOf: (number) => (number === 1 ? 'ready' : 'crashing'),
    });
    await workers.pool.start();
    const of = (number: number) => workers.spawned.filter((worker) => worker.number === number);
    // The next attempt for worker 2 is a second later.
    await until(() => of(2).length === 4);
    workers.signal(of(1)[0], 'SIGKILL');
    await until(() => of(1).length === 2);
    expect(of(2)).toHaveLength(4);
  });
});

describe('a worker that hangs', () => {
  test('is killed after four unanswered pings, and replaced', async () => {
    await using workers = scriptedPool({ count: 2, behaviorOf: () => 'ready' });
    await workers.pool.start();
    await until(() => workers.pool.serving.length === 2);
    using _ = startHeartbeat({ workers: () => workers.pool.processes, timeoutMs: 2000, log });
    const [hung, other] = workers.spawned;
    workers.signal(hung, 'SIGSTOP');
    expect(await hung?.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(hung?.unansweredPings).toBe(4);
    await until(() => workers.pool.serving.length === 2);
    expect(workers.pool.serving).toContain(other);
    expect(workers.pool.crashes).toBe(1);
  });

  test('is killed once more than 1,000 messages wait for it, before its pings are due', async () => {
    await using workers = scriptedPool({ count: 1, behaviorOf: () => 'ready' });
    await workers.pool.start();
    const [hung] = workers.spawned;
    workers.signal(hung, 'SIGSTOP');
    const subjects = Array.from({ length: 100 }, (_, n): [string, number] => [`user ${n}`, 1]);
    const report = { taken: [['user', subjects]] as const, held: [] };
    for (let n = 0; n < 2000; n += 1) hung?.send({ kind: 'shares', report });
    using _ = startHeartbeat({ workers: () => workers.pool.processes, timeoutMs: 2000, log });
    expect(await hung?.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(hung?.unansweredPings).toBe(0);
    await until(() => workers.pool.serving.length === 1);
  });
});

describe('a restart', () => {
  test('during which the old worker crashes leaves one worker for each number', async () => {
    await using workers = scriptedPool({
      count: 2,
      behaviorOf: (number, generation) => (number === 1 && generation === 1 ? 'ready-on-signal' : 'ready'),
    });
    await workers.pool.start();
    await until(() => workers.pool.serving.length === 2);
    const restarted = workers.pool.restart();
    await until(() => workers.spawned.length === 3 && workers.spawned[2]?.hasListened === true);
    workers.signal(workers.spawned[0], 'SIGKILL');
    await until(() => workers.pool.serving.length === 1);
    workers.signal(workers.spawned[2], 'SIGUSR2');
    await restarted;
    expect(workers.spawned.map(({ number }) => number)).toEqual([1, 2, 1, 2]);
    expect(workers.pool.serving).toHaveLength(2);
    expect(workers.pool.processes).toEqual(expect.arrayContaining([...workers.pool.serving]));
    await until(() => workers.pool.processes.length === 2);
  });

  test('lets a new worker that is not ready in time finish its requests, and the old one goes on', async () => {
    await using workers = scriptedPool({
      count: 1,
      behaviorOf: (_, generation) => (generation === 0 ? 'ready' : 'never-ready'),
      readyWithinMs: 1000,
    });
    await workers.pool.start();
    await workers.pool.restart();
    expect(await workers.spawned[1]?.ended).toEqual({ code: 7, signal: null });
    expect(workers.pool.serving).toEqual([workers.spawned[0]]);
  });
});
