import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';

/** What the thread is asked to do. `from` is the source address of connections. */
export type NetworkRequest =
  | { do: 'open'; relay: number; socketPath: string }
  | { do: 'cut' | 'heal'; relay: number; from: string }
  | { do: 'delay'; relay: number; from: string; delayMs: number };

interface Relay {
  server: Server;
  cut: Set<string>;
  delayMs: Map<string, number>;
  pairs: Set<{ from: string; near: Socket; far: Socket }>;
}

const relays = new Map<number, Relay>();

/** Relays in a thread of their own: they keep up while the tests keep the main thread busy. */
parentPort?.on('message', async (request: NetworkRequest & { id: number }) => {
  const port = request.do === 'open' ? await open(request.relay, request.socketPath) : apply(request);
  parentPort?.postMessage({ id: request.id, port });
});

async function open(id: number, socketPath: string): Promise<number> {
  const relay: Relay = { server: createServer(), cut: new Set(), delayMs: new Map(), pairs: new Set() };
  relays.set(id, relay);
  relay.server.on('connection', (near) => connectPair(relay, near, connect(socketPath)));
  relay.server.listen(0, '127.0.0.1');
  await once(relay.server, 'listening');
  return (relay.server.address() as AddressInfo).port;
}

function connectPair(relay: Relay, near: Socket, far: Socket): void {
  const from = near.remoteAddress ?? '';
  const pair = { from, near, far };
  relay.pairs.add(pair);
  for (const [socket, other] of [
    [near, far],
    [far, near],
  ] as const) {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => {
      relay.pairs.delete(pair);
      other.destroy();
    });
  }
  near.on('data', (part) => far.write(part));
  far.on('data', (part) => {
    const delayMs = relay.delayMs.get(from) ?? 0;
    if (delayMs === 0) near.write(part);
    else setTimeout(() => near.write(part), delayMs);
  });
  if (relay.cut.has(from)) setFlow(pair, false);
}

function apply(request: Exclude<NetworkRequest, { do: 'open' }>): undefined {
  const { relay: id, from } = request;
  const relay = relays.get(id);
  if (relay === undefined) return;
  if (request.do === 'delay') relay.delayMs.set(from, request.delayMs);
  else if (request.do === 'cut') relay.cut.add(from);
  else relay.cut.delete(from);
  for (const pair of relay.pairs) if (pair.from === from) setFlow(pair, !relay.cut.has(from));
}

/** As on a partitioned network, nothing is closed and nothing arrives until it is healed. */
function setFlow({ near, far }: { near: Socket; far: Socket }, isFlowing: boolean): void {
  for (const socket of [near, far]) isFlowing ? socket.resume() : socket.pause();
}
