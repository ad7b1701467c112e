import { once } from 'node:events';
import { createServer } from 'node:net';

/** The kernel gives connections and servers without a port others than these: 32,768 to 60,999 on Linux. */
const FIRST = 12_000;
const LAST = 31_999;
const WORKERS = 16;
const worker = Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS;
let last = Math.floor((Math.random() * (LAST - FIRST)) / WORKERS);

/**
 * A free port of 127.0.0.1, for servers whose address must be known before they start. Nothing takes it until then by
 * chance: it is outside the range from which the kernel chooses, each worker has ports of its own, and a worker goes
 * through all of them before it chooses one again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    last = (last + 1) % Math.floor((LAST - FIRST) / WORKERS);
    const port = FIRST + last * WORKERS + worker;
    if (await isFree(port)) return port;
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
