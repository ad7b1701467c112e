import { connect } from 'node:net';

const REPLY_TIMEOUT_MS = 1000;
const MAX_REPLY_BYTES = 64 * 1024;

/** What listens on a socket: nothing, a Redis that is not ready yet, or a ready one with its process id. */
type ServerState = { is: 'absent' } | { is: 'busy' } | { is: 'ready'; pid: number };

/** Queries the Redis behind a unix socket once. A server that accepts the connection but does not reply is busy. */
export function serverState(socketPath: string): Promise<ServerState> {
  return new Promise((resolve) => {
    let reply = '';
    let connected = false;
    const socket = connect(socketPath);
    const settle = (state: ServerState): void => {
      socket.destroy();
      resolve(state);
    };
    socket.setEncoding('latin1').setTimeout(REPLY_TIMEOUT_MS, () => settle({ is: 'busy' }));
    socket.on('connect', () => {
      connected = true;
      socket.write('PING\r\nINFO server\r\n');
    });
    socket.on('data', (text: string) => {
      reply += text;
      const pid = /\bprocess_id:(\d+)\r\n/.exec(reply)?.[1];
      if (pid !== undefined && reply.startsWith('+PONG')) settle({ is: 'ready', pid: Number(pid) });
      else if (pid !== undefined || reply.length > MAX_REPLY_BYTES) settle({ is: 'busy' });
    });
    socket.on('error', () => settle({ is: connected ? 'busy' : 'absent' }));
    socket.on('close', () => settle({ is: connected ? 'busy' : 'absent' }));
  });
}
