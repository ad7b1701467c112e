import type { AddressInfo, Server } from 'node:net';

/** For a program that `startNode` runs: reports its URL, and exits when the benchmark does. */
export function announce(url: string): void {
  process.once('disconnect', () => process.exit());
  process.send?.({ url });
}

/** The same for a server that is listening. */
export function announceServer(server: Server): void {
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
