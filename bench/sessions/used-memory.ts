import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * The memory that Redis has allocated for its data, in bytes (`used_memory`). On a private connection that is closed
 * again; its buffers are small beside a million sessions, but not beside 64, so figures of few sessions are too large.
 */
export async function usedBytes(socketPath: string): Promise<number> {
  return Number(await infoField(socketPath, 'memory', 'used_memory'));
}

/** One field of a section of `INFO`. */
export async function infoField(socketPath: string, section: string, field: string): Promise<string> {
  const socket = connect(socketPath);
  try {
    socket.setEncoding('latin1');
    socket.write(`INFO ${section}\r\n`);
    let reply = '';
    while (!/^\$(\d+)\r\n/.test(reply) || reply.length < totalLength(reply)) {
      const [chunk] = (await once(socket, 'data')) as [string];
      reply += chunk;
    }
    const found = new RegExp(`^${field}:(.*)\\r$`, 'm').exec(reply)?.[1];
    if (found === undefined) throw new Error(`INFO of Redis has no field ${field}`);
    return found;
  } finally {
    socket.destroy();
  }
}

/** The length of a bulk string with its header and end (RESP). */
function totalLength(reply: string): number {
  const header = reply.indexOf('\r\n') + 2;
  return header + Number(reply.slice(1, header - 2)) + 2;
}
