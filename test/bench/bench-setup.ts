import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { type Contestant, type RunningServer, Unavailable } from '../../bench/contestant.ts';
import { type Setup, setUp } from '../../bench/setup/shared-setup.ts';
import { keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';

const BENCH_PACKAGES = join(import.meta.dirname, '../../bench/node_modules');
const LIFETIME_SECONDS = 3600;

/** Why no contestant can be started here, if that is so. */
export function whyNotHere(): string | undefined {
  if (process.platform !== 'linux') return 'the benchmark needs Linux';
  if (cpus().length < 2) return 'the benchmark needs two cores';
  return existsSync(BENCH_PACKAGES) ? undefined : 'the packages of the benchmark are not installed';
}

/** What contestants share, without sessions. */
export async function sharedSetup(resources: AsyncDisposableStack): Promise<Setup> {
  const keyPem = await makeKeyPem();
  const { kid } = (await keyRingFromPem(keyPem)).signing;
  const iat = Math.floor(Date.now() / 1000);
  const [issuer, audience] = ['https://bank.example', 'portcullis-api'];
  return setUp({ keyPem, batch: { kid, issuer, audience, iat, exp: iat + LIFETIME_SECONDS } }, resources);
}

/** Starts a contestant, or skips the test with the reason why it is not available here. */
export async function startHere(
  contestant: Contestant,
  shared: Setup,
  { skip }: Pick<TestContext, 'skip'>,
): Promise<RunningServer & AsyncDisposable> {
  const server = await contestant.start(shared, 0);
  if (server instanceof Unavailable) return skip(`${contestant.name}: ${server.reason}`);
  return { ...server, [Symbol.asyncDispose]: () => server.stop() };
}

/** An upstream that remembers the headers of each request. */
export async function recordingUpstream(
  resources: AsyncDisposableStack,
): Promise<{ url: string; received: { url: string | undefined; headers: IncomingHttpHeaders }[] }> {
  const received: { url: string | undefined; headers: IncomingHttpHeaders }[] = [];
  const server = createServer(({ url, headers }, response) => {
    received.push({ url, headers });
    response.end('{}');
  }).listen(0, '127.0.0.1');
  resources.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}
