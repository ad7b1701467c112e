import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseResults } from '../../bench/report/results.ts';

const MAIN = join(import.meta.dirname, '../../bench/main.ts');
const canRun = process.platform === 'linux' && cpus().length >= 2;

describe.skipIf(!canRun)('a short run', () => {
  test('measures the gateway with 64 sessions and writes its files to the given directory', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'portcullis-bench-test-'));
    try {
      const output = join(directory, 'output');
      const options = ['--only', 'gateway', '--sessions', '64', '--rounds', '1', '--window-ms', '1000'];
      const files = ['--parts', 'closed', '--output', output, '--cache', join(directory, 'cache')];
      const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...options, ...files]);
      expect(stdout).toContain('| gateway |');
      expect(await readdir(output)).toEqual(expect.arrayContaining(['RESULTS.md', 'results.json']));
      const results = parseResults(await readFile(join(output, 'results.json'), 'utf8'), 'results.json');
      const [series] = results.closed;
      expect(series).toMatchObject({ contestant: 'gateway', sessions: 64 });
      expect(series?.rounds[0]?.requestsPerSecond).toBeGreaterThan(0);
      expect(results.redis?.bytesPerSession).toBeGreaterThan(0);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
