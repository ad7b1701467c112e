import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

const SCRIPT = `
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { createLog, auditLines } from './src/log.ts';
const log = createLog('gateway', 'warn');
const audit = auditLines(log);
const text = 'x'.repeat(10_000);
for (let i = 0; i < 4000; i += 1) {
  log.warn({ text });
  if (i % 10 === 0) audit.info({ event: 'audit', seq: i / 10 });
  if (i % 100 === 0) await delay(1);
}
process.stderr.write('written');
await once(process.stdin, 'data');
process.stdin.destroy();
`;

test('while nobody reads the log, other lines are dropped and counted, but no audit line, at any level', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SCRIPT], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  await once(child.stderr, 'data');
  const lines: { event?: string; seq?: number; dropped?: number; text?: string }[] = [];
  child.stdin.write('go on');
  for await (const line of createInterface({ input: child.stdout })) lines.push(JSON.parse(line));
  const audit = lines.filter(({ event }) => event === 'audit').map(({ seq }) => seq);
  expect(audit).toEqual(Array.from({ length: 400 }, (_, i) => i));
  const others = lines.filter(({ text }) => text !== undefined).length;
  expect(others).toBeLessThan(2000);
  const dropped = lines.filter(({ event }) => event === 'log_lines_dropped');
  expect(dropped.reduce((sum, { dropped: count = 0 }) => sum + count, others)).toBe(4000);
});
