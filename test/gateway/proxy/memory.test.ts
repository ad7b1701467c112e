import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearer, startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { until } from '../../support/until.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const MIB = 1024 * 1024;
const SIZE_MIB = 512;
const MAX_GROWTH_BYTES = 50 * MIB;
const SAMPLE_MS = 20;

/** A kernel may buffer up to 32 MiB on each of two connections whose receiver does not read. */
const MAX_STALLED_BYTES = 128 * MIB;

let seed: TestGateway;
let upstream: Upstream;
let gateway: GatewayProcess;
let headers: Record<string, string>;
beforeAll(async () => {
  upstream = await startUpstream();
  seed = await startTestGateway();
  gateway = await startGatewayProcess({
    REDIS_URL: seed.redis.url,
    SIGNING_KEY: seed.signingKeyPem,
    BANK_URL: upstream.url,
    BODY_MAX_BYTES: `${SIZE_MIB * MIB}`,
    LOG_LEVEL: 'info',
  });
  headers = bearer(await seed.login());
});
afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
  await seed.close();
  await upstream.close();
});

/** The number of bytes so far, and their checksum. */
interface Tally {
  bytes: number;
  crc: number;
}

/** Sends different blocks of 1 MiB as fast as they are accepted. */
async function sendAll(to: Writable, sent: Tally): Promise<void> {
  const pattern = randomBytes(MIB);
  for (let i = 0; i < SIZE_MIB; i += 1) {
    const block = Buffer.from(pattern);
    block.writeUInt32BE(i);
    sent.crc = crc32(block, sent.crc);
    sent.bytes += block.length;
    if (!to.write(block)) await once(to, 'drain');
  }
  to.end();
}

async function receiveAll(from: Readable): Promise<Tally> {
  const received = { bytes: 0, crc: 0 };
  for await (const chunk of from as AsyncIterable<Buffer>) {
    received.crc = crc32(chunk, received.crc);
    received.bytes += chunk.length;
  }
  return received;
}

/** Waits until the sender has stalled because the receiver does not read. */
async function expectStall(sent: Tally): Promise<void> {
  let last = 0;
  await until(async () => {
    const before = last;
    last = sent.bytes;
    await delay(100);
    return last > 0 && last === before;
  });
  expect(sent.bytes).toBeLessThan(MAX_STALLED_BYTES);
}

async function download(): Promise<void> {
  const sent = { bytes: 0, crc: 0 };
  upstream.respondWith((_incoming, outgoing) => void sendAll(outgoing, sent));
  const outgoing = request(`${gateway.url}/bank/accounts`, { headers }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  await expectStall(sent);
  expect(await receiveAll(response)).toEqual(sent);
  expect(sent.bytes).toBe(SIZE_MIB * MIB);
}

async function upload(): Promise<void> {
  const sent = { bytes: 0, crc: 0 };
  const received = Promise.withResolvers<Tally>();
  const mayRead = Promise.withResolvers<void>();
  upstream.respondWith(async (incoming, outgoing) => {
    await mayRead.promise;
    received.resolve(await receiveAll(incoming));
    outgoing.end();
  });
  const outgoing = request(`${gateway.url}/bank/accounts/1/transfers`, { method: 'POST', headers });
  const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  const whole = sendAll(outgoing, sent);
  await expectStall(sent);
  mayRead.resolve();
  await whole;
  expect((await responded)[0].statusCode).toBe(200);
  expect(await received.promise).toEqual(sent);
  expect(sent.bytes).toBe(SIZE_MIB * MIB);
}

/** The highest growth of the gateway's resident memory during `work`, in bytes. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  const before = (await gateway.memory()).now;
  let most = before;
  const sample = async (): Promise<void> => {
    most = Math.max(most, (await gateway.memory()).now);
  };
  const sampler = setInterval(() => void sample(), SAMPLE_MS);
  await work().finally(() => clearInterval(sampler));
  await sample();
  return most - before;
}

test.each([
  ['download', 'client', download],
  ['upload', 'upstream', upload],
])(
  '512 MiB of %s to a %s that reads late arrives completely and takes the gateway less than 50 MiB',
  async (_what, _who, transfer) => {
    expect(await growthDuring(transfer)).toBeLessThan(MAX_GROWTH_BYTES);
  },
  300_000,
);
