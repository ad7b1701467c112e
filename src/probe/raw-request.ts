import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parseAnswer, type RawAnswer } from './raw-answer.ts';

const DEADLINE_MS = 10_000;
const ANSWER_MAX_BYTES = 1024 * 1024;

/** The gateway that is attacked. */
export interface Target {
  /** An `http:` or `https:` origin. */
  origin: URL;
  /** How long one exchange may take; 10 s unless given. */
  deadlineMs?: number;
}

/** Why there is no answer: the connection can't be made, ends too early, or brings nothing of use in time. */
export interface NoAnswer {
  unanswered: 'not reached' | 'connection closed' | 'no answer in time' | 'not HTTP';
  /** The system's error code, where there is one. */
  code?: string;
}

export const isAnswer = (outcome: RawAnswer | NoAnswer): outcome is RawAnswer => 'status' in outcome;

/**
 * Sends the bytes of one request as they are, on a connection of its own, and reads one response. Bounded in
 * time and size; what goes wrong is an outcome, never an exception.
 */
export function exchange(target: Target, request: Buffer): Promise<RawAnswer | NoAnswer> {
  const { promise, resolve } = Promise.withResolvers<RawAnswer | NoAnswer>();
  const socket = open(target.origin);
  const reader = new AnswerReader((outcome) => {
    clearTimeout(deadline);
    socket.destroy();
    resolve(outcome);
  });
  const deadline = setTimeout(
    () => reader.end({ unanswered: 'no answer in time' }),
    target.deadlineMs ?? DEADLINE_MS,
  );
  socket.once(target.origin.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
    reader.connected = true;
    socket.write(request);
  });
  socket.on('data', (chunk: Buffer) => reader.take(chunk));
  socket.on('error', (fault: NodeJS.ErrnoException) => reader.fail(fault.code));
  socket.on('close', () => reader.fail());
  return promise;
}

function open({ protocol, hostname, port }: URL): Socket {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol !== 'https:') return connectTcp({ host, port: Number(port || 80), noDelay: true });
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port: Number(port || 443), ...servername, ALPNProtocols: ['http/1.1'] });
}

/** Collects what arrives until it is one response, or can't become one. */
class AnswerReader {
  connected = false;
  #received = Buffer.alloc(0);
  #onEnd: ((outcome: RawAnswer | NoAnswer) => void) | undefined;

  constructor(onEnd: (outcome: RawAnswer | NoAnswer) => void) {
    this.#onEnd = onEnd;
  }

  take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (this.#received.length > ANSWER_MAX_BYTES) this.end({ unanswered: 'not HTTP' });
    else this.#parse(false);
  }

  /** The connection is gone. What came before may still be a whole response that only its end delimits. */
  fail(code?: string): void {
    this.#parse(true);
    this.end({
      unanswered: this.connected ? 'connection closed' : 'not reached',
      ...(code === undefined ? {} : { code }),
    });
  }

  end(outcome: RawAnswer | NoAnswer): void {
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    onEnd?.(outcome);
  }

  #parse(closed: boolean): void {
    try {
      const answer = parseAnswer(this.#received, closed);
      if (answer !== undefined) this.end(answer);
    } catch {
      this.end({ unanswered: 'not HTTP' });
    }
  }
}
