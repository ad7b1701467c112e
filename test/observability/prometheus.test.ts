import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect } from 'vitest';
import { gatewayTest, logInAs } from '../support/fixtures.ts';
import { freePort } from '../support/ports.ts';
import { type PrometheusBinaries, prometheusBinaries, startPrometheus } from '../support/prometheus.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const EXAMPLES = join(import.meta.dirname, '../../examples/observability');

const test = gatewayTest().extend(
  'binaries',
  { scope: 'file' },
  async ({}): Promise<PrometheusBinaries> => prometheusBinaries(),
);

type Found = Exclude<PrometheusBinaries, { missing: string }>;

/** Skips a test, with the reason, where Prometheus cannot be had. */
function required(binaries: PrometheusBinaries, skip: (note: string) => never): Found {
  return 'missing' in binaries ? skip(`no Prometheus: ${binaries.missing}`) : binaries;
}

describe('promtool', () => {
  test('accepts the configuration and the alerts', async ({ binaries, skip }) => {
    const { promtool } = required(binaries, skip);
    const { stdout } = await run(promtool, ['check', 'config', join(EXAMPLES, 'prometheus.yml')]);
    expect(stdout).toContain('prometheus.yml is valid');
    await run(promtool, ['check', 'rules', join(EXAMPLES, 'alerts.yml')]);
  });

  test('shows that each alert is quiet, then fires, and no other one does', async ({ binaries, skip }) => {
    const { promtool } = required(binaries, skip);
    const { stdout } = await run(promtool, ['test', 'rules', 'alerts.test.yml'], { cwd: EXAMPLES });
    expect(stdout).toContain('SUCCESS');
  });

  test('finds no fault in the text of /metrics', async ({ binaries, skip, gateway }) => {
    const { promtool } = required(binaries, skip);
    await logInAs(gateway, 'bob');
    const text = await (await fetch(`${gateway.healthUrl}/metrics`)).text();
    const checked = run(promtool, ['check', 'metrics']);
    checked.child.stdin?.end(text);
    const { stdout, stderr } = await checked;
    expect(stdout + stderr).toBe('');
  });
});

test('Prometheus scrapes a gateway with the example, and returns its series', async ({
  binaries,
  skip,
  gateway,
  onTestFinished,
}) => {
  const { prometheus } = required(binaries, skip);
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-scrape-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const example = await readFile(join(EXAMPLES, 'prometheus.yml'), 'utf8');
  const configuration = join(directory, 'prometheus.yml');
  const adapted = example
    .replace('127.0.0.1:9464', new URL(gateway.healthUrl).host)
    .replaceAll('15s', '1s')
    .replace('scrape_timeout: 5s', 'scrape_timeout: 1s')
    .replace('alerts.yml', join(EXAMPLES, 'alerts.yml'));
  await writeFile(configuration, adapted);
  const bob = await logInAs(gateway, 'bob');
  await bob.request('/bank/accounts');
  const running = await startPrometheus(prometheus, configuration, await freePort());
  onTestFinished(() => running.close());
  const value = async (query: string): Promise<number> => (await running.query(query))[0]?.value ?? 0;
  await until(async () => (await value('portcullis_requests_granted_total{route="upstream"}')) > 0, 20_000);
  expect(await value('up{job="portcullis-gateway"}')).toBe(1);
  expect(await value('portcullis_redis_connected')).toBe(1);
  expect(await value('portcullis_stage_duration_seconds_count{stage="signature"}')).toBeGreaterThan(0);
  expect(await running.query('ALERTS{alertstate="firing"}')).toEqual([]);
});
