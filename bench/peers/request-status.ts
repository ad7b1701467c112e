import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

const TIMEOUT_MS = 10_000;
const TARGET = '/bank/accounts';

/** The status of the response to a GET with these headers, on a connection of its own. */
export async function statusOf(
  url: string,
  headers: Readonly<Record<string, string>>,
  target = TARGET,
): Promise<number> {
  return (await responseTo(url, headers, target)).status;
}

/** The response to a GET with these headers, on a connection of its own. */
export async function responseTo(
  url: string,
  headers: Readonly<Record<string, string>>,
  target = TARGET,
): Promise<{ status: number; body: string }> {
  const outgoing = request(`${url}${target}`, { agent: false, headers, timeout: TIMEOUT_MS });
  outgoing.on('timeout', () => outgoing.destroy(new Error('the server did not respond in time')));
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return { status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
}
