import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A Redis command with its arguments, all ASCII. */
export type Command = readonly string[];

/** Commands are sent in pieces of this size. Redis replies to each with a line. */
const PIECE_BYTES = 256 * 1024;
/** Commands without a reply, so that neither side waits for the other. */
const UNANSWERED_MAX = 50_000;

/**
 * Sends commands to Redis as fast as it takes them: in its own protocol, without waiting for replies one by one.
 * All replies must be simple strings, integers or errors. @throws at the first error
 */
export class RedisPipe {
  readonly #socket: Socket;
  #pending = '';
  #unanswered = 0;
  #fault: Error | undefined;
  #replies: PromiseWithResolvers<void> | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#count(chunk));
    socket.on('error', (fault) => this.#fail(fault));
    socket.on('close', () => this.#fail(new Error('Redis closed the connection')));
  }

  static async open(socketPath: string): Promise<RedisPipe> {
    const socket = connect(socketPath);
    await once(socket, 'connect');
    return new RedisPipe(socket);
  }

  /** Resolves when another command may be sent. */
  async sendCommand(command: Command): Promise<void> {
    this.#pending += encode(command);
    this.#unanswered += 1;
    if (this.#pending.length >= PIECE_BYTES) this.#flush();
    if (this.#unanswered <= UNANSWERED_MAX) return;
    this.#flush();
    await this.#untilAtMost(UNANSWERED_MAX);
  }

  /** Resolves when Redis has replied to all commands. */
  async finish(): Promise<void> {
    this.#flush();
    await this.#untilAtMost(0);
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #flush(): void {
    this.#socket.write(this.#pending, 'latin1');
    this.#pending = '';
  }

  async #untilAtMost(unanswered: number): Promise<void> {
    while (this.#unanswered > unanswered && this.#fault === undefined) {
      this.#replies ??= Promise.withResolvers<void>();
      await this.#replies.promise;
    }
    if (this.#fault !== undefined) throw this.#fault;
  }

  #count(chunk: string): void {
    const error = /(?:^|\n)-([^\r]+)/.exec(chunk);
    if (error !== null) this.#fault ??= new Error(`Redis refused a command: ${error[1]}`);
    for (let at = chunk.indexOf('\n'); at !== -1; at = chunk.indexOf('\n', at + 1)) this.#unanswered -= 1;
    this.#replies?.resolve();
    this.#replies = undefined;
  }

  #fail(fault: Error): void {
    this.#fault ??= fault;
    this.#replies?.resolve();
    this.#replies = undefined;
  }
}

/** A command in RESP. */
function encode(command: Command): string {
  let text = `*${command.length}\r\n`;
  for (const argument of command) {
    text += `$${argument.length}\r\n${argument}\r\n`;
  }
  return text;
}
