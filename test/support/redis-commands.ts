import { createClient } from 'redis';
import { until } from './until.ts';

/**
 * Commands that open or check a connection, inspect the server or replicate it. Gateways, replicas and tests send them at
 * any time, whatever requests arrive.
 */
const BACKGROUND = new Set(
  `acl asking auth client cluster command config echo hello info monitor ping psync quit readonly replconf role select
  sentinel subscribe unsubscribe wait waitaof`.split(/\s+/),
);
/** The first lines of the scripts by which a process checks a server. */
const CHECK = /-- (?:write|rights)-check/;
const MONITORED = /^[\d.]+ \[\d+ [^\]]*\] "([^"]+)"/;

/** A connection to a Redis at `unix:///…` that does not reconnect. */
export async function connected(url: string) {
  const socket = { path: url.slice('unix://'.length), tls: false, reconnectStrategy: false } as const;
  const client = createClient({ RESP: 2, disableClientInfo: true, socket });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/**
 * The names of the commands, in lower case and in order, that Redis executes while `act` runs, including those of scripts
 * and without background commands. What a process wrote to its connections before is not among them.
 */
export async function commandsDuring(url: string, act: () => Promise<unknown>): Promise<string[]> {
  const [monitor, marker] = await Promise.all([connected(url), connected(url)]);
  const lines: string[] = [];
  try {
    await monitor.monitor((line) => void lines.push(String(line)));
    const first = await reached(marker, lines);
    await act();
    const last = await reached(marker, lines);
    return lines
      .slice(first, last)
      .filter((line) => !CHECK.test(line))
      .map(nameOf)
      .filter((name) => !BACKGROUND.has(name));
  } finally {
    monitor.destroy();
    marker.destroy();
  }
}

const nameOf = (line: string): string => MONITORED.exec(line)?.[1]?.toLowerCase() ?? line;

/**
 * Returns how many lines Redis has written when it has executed all that was sent before. Redis may read connections in
 * any order, but each of them once before it reads one of them twice: hence the second command.
 */
async function reached(marker: Awaited<ReturnType<typeof connected>>, lines: string[]): Promise<number> {
  await marker.echo('once');
  const mark = crypto.randomUUID();
  await marker.echo(mark);
  await until(() => lines.some((line) => line.includes(mark)));
  return lines.findIndex((line) => line.includes(mark));
}
