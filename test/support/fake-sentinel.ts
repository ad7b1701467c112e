import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Replies to what a client asks a Sentinel, and names any server. */
export interface FakeSentinel {
  /** `host:port`. */
  address: string;
  /** The usernames and passwords that clients have sent. */
  logins: string[];
  /** Names this server (`host:port`) from now on, or none. A failover raises the epoch. */
  name(server: string | undefined, epoch?: number): void;
  /** Announces a failover to the clients that have subscribed, and names the new primary from now on. */
  announce(server: string, epoch: number): void;
  /** Reads nothing more from connections, until it names a server again. */
  hang(): void;
  close(): Promise<void>;
}

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const array = (items: readonly string[]): string => `*${items.length}\r\n${items.map(bulk).join('')}`;
const map = (entries: readonly string[]): string => `%${entries.length / 2}\r\n${entries.map(bulk).join('')}`;

interface Named {
  host: string;
  port: string;
  epoch: number;
}

function connectionReply(command: string | undefined, channel = ''): string {
  if (command === 'HELLO') return map(['server', 'redis', 'proto', '3', 'mode', 'sentinel']);
  return command === 'SUBSCRIBE' ? `>3\r\n${bulk('subscribe')}${bulk(channel)}:1\r\n` : '+OK\r\n';
}

function sentinelReply(subcommand: string | undefined, id: string, named: Named | undefined): string {
  if (subcommand === 'MYID') return bulk(id);
  const isAddress = subcommand === 'GET-MASTER-ADDR-BY-NAME';
  if (named === undefined) return isAddress ? '_\r\n' : '-ERR No such master with that name\r\n';
  const { host, port, epoch } = named;
  if (isAddress) return array([host, port]);
  return map(['config-epoch', `${epoch}`]);
}

/** @param id its id (`SENTINEL MYID`) */
export async function startFakeSentinel(id: string): Promise<FakeSentinel> {
  const sockets = new Set<Socket>();
  const subscribed = new Set<Socket>();
  const logins: string[] = [];
  let named: Named | undefined;
  let isHanging = false;
  const replyTo = (socket: Socket, words: readonly string[]): string => {
    const auth = words.findIndex((word) => word.toUpperCase() === 'AUTH');
    if (auth >= 0) logins.push(words.slice(auth + 1, auth + 3).join(':'));
    const [command, subcommand] = words.map((word) => word.toUpperCase());
    if (command === 'SUBSCRIBE') subscribed.add(socket);
    return command === 'SENTINEL' ? sentinelReply(subcommand, id, named) : connectionReply(command, words[1]);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    let rest = '';
    socket.on('data', (part) => {
      if (isHanging) return;
      const { commands, left } = commandsIn(rest + part.toString());
      rest = left;
      for (const words of commands) socket.write(replyTo(socket, words));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const name: FakeSentinel['name'] = (address, epoch = 0) => {
    isHanging = false;
    const [host = '', port = ''] = address?.split(':') ?? [];
    named = address === undefined ? undefined : { host, port, epoch };
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    logins,
    name,
    announce: (address, epoch) => {
      name(address, epoch);
      const message = `>3\r\n${bulk('message')}${bulk('+switch-master')}${bulk('mymaster')}`;
      for (const socket of subscribed) socket.write(message);
    },
    hang: () => {
      isHanging = true;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The complete commands (arrays of bulk strings of ASCII) at the beginning of what was received. */
function commandsIn(received: string): { commands: string[][]; left: string } {
  const lines = received.split('\r\n');
  const commands: string[][] = [];
  let read = 0;
  for (;;) {
    const count = Number(/^\*(\d+)$/.exec(lines[read] ?? '')?.[1]);
    // The last item is followed by the rest after its CRLF.
    if (!Number.isInteger(count) || lines.length < read + 2 * count + 2) break;
    commands.push(Array.from({ length: count }, (_, n) => lines[read + 2 * n + 2] ?? ''));
    read += 2 * count + 1;
  }
  return { commands, left: lines.slice(read).join('\r\n') };
}
