import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** The kernel gives connections and servers without a port others than these: 32,768 to 60,999 on Linux. */
const FIRST = 12_000;
const LAST = 31_999;
const WORKERS = 16;
const worker = Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS;

/**
 * A free port of 127.0.0.1, for servers whose address must be known before they start. Nothing takes it until then by
 * chance: it is outside the range from which the kernel chooses, and each worker has ports of its own.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor((Math.random() * (LAST - FIRST)) / WORKERS) * WORKERS + worker;
    if (await isFree(port)) return port;
    await delay(1);
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    await new Promise((closed) => server.close(closed));
  }
}
