import { connect } from 'node:net';

const ANSWER_DEADLINE_MS = 1000;
const ANSWER_MAX_BYTES = 64 * 1024;

/** What answers at a socket: nothing, a Redis that is not ready yet, or a ready one with its process id. */
export type ServerState = { is: 'absent' } | { is: 'busy' } | { is: 'ready'; pid: number };

/** Asks the Redis behind a unix socket, once. Whatever connects but gives no answer in time counts as busy. */
export function serverState(socketPath: string): Promise<ServerState> {
  return new Promise((resolve) => {
    let answer = '';
    let connected = false;
    const socket = connect(socketPath);
    const settle = (state: ServerState): void => {
      socket.destroy();
      resolve(state);
    };
    socket.setEncoding('latin1').setTimeout(ANSWER_DEADLINE_MS, () => settle({ is: 'busy' }));
    socket.on('connect', () => {
      connected = true;
      socket.write('PING\r\nINFO server\r\n');
    });
    socket.on('data', (text: string) => {
      answer += text;
      const pid = /\bprocess_id:(\d+)\r\n/.exec(answer)?.[1];
      if (pid !== undefined && answer.startsWith('+PONG')) settle({ is: 'ready', pid: Number(pid) });
      else if (pid !== undefined || answer.length > ANSWER_MAX_BYTES) settle({ is: 'busy' });
    });
    socket.on('error', () => settle({ is: connected ? 'busy' : 'absent' }));
    socket.on('close', () => settle({ is: connected ? 'busy' : 'absent' }));
  });
}
