import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request, createServer } from 'node:http';
import { createInterface } from 'node:readline';
const S = process.cwd();
const { startTestGateway } = await import(`${S}/test/support/gateway.ts`);
const { startUpstream } = await import(`${S}/test/support/upstream.ts`);
const { LIMITS_OFF } = await import(`${S}/test/support/limits-off.ts`);
const upstream = await startUpstream();
const gw = await startTestGateway({ BANK_URL: upstream.url });
const token = await gw.login();
const collector = createServer((i, o) => { i.resume(); i.on('end', () => o.end('{}')); }).listen(0, '127.0.0.1');
await once(collector, 'listening');
const endpoint = `http://127.0.0.1:${(collector.address() as any).port}`;
const cpu = (pid: number) => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '); return (Number(f[11]) + Number(f[12])) * 10; };
const rss = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
async function measure(root: string, env: Record<string, string>) {
  const t0 = performance.now();
  const child = spawn(process.execPath, ['--expose-gc', 'src/main.ts', 'gateway'], { cwd: root, env: { PATH: process.env.PATH, GATEWAY_PORT: '0', HEALTH_PORT: '0', ...LIMITS_OFF, REDIS_URL: gw.redis.url, SIGNING_KEY: gw.signingKeyPem, BANK_URL: upstream.url, LOG_LEVEL: "info", REDIS_DEADLINE_MS: "900", DATA_DIR: gw.settings.dataDir, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let url = '';
  for await (const line of createInterface({ input: child.stdout })) { const l = JSON.parse(line); if (l.event === 'gateway_listening') { url = l.url; break; } }
  const startMs = performance.now() - t0; const startCpu = cpu(child.pid!);
  child.stdout.resume();
  const run = async (n: number) => { let sent = 0; await Promise.all(Array.from({ length: 8 }, async () => { const agent = new Agent({ keepAlive: true, maxSockets: 1 }); while (sent < n) { sent += 1; await new Promise<void>((res, rej) => request(`${url}/bank/accounts`, { agent, headers: { authorization: `Bearer ${token}` } }, (r) => { r.resume().on('end', res); }).on('error', rej).end()); } agent.destroy(); })); };
  await run(2500);
  const c0 = cpu(child.pid!);
  await run(3000);
  const us = ((cpu(child.pid!) - c0) * 1000) / 3000;
  const mem = rss(child.pid!);
  child.kill('SIGTERM'); await once(child, 'exit');
  return { startMs: Math.round(startMs), startCpu, us: Math.round(us), rssMiB: Math.round(mem) };
}
for (let i = 0; i < Number(process.argv[2] ?? 2); i += 1) {
  console.log('before', JSON.stringify(await measure('/tmp/base', {})));
  console.log('off   ', JSON.stringify(await measure(S, {})));
  console.log('on 1% ', JSON.stringify(await measure(S, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, TRACE_SAMPLE_RATIO: '0.01' })));
  console.log('on    ', JSON.stringify(await measure(S, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })));
}
collector.close(); await gw.close(); await upstream.close();
