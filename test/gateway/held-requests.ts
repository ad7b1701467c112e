import { RawConnection, rawProblemOf } from '../support/raw-http.ts';
import { until } from '../support/until.ts';

const LONG = 100_000;

/** A request that a client does not complete for now. */
export interface HeldKind {
  name: string;
  version?: '1.0';
  headers: readonly string[];
  /** What is sent with the head; what completes the request is sent later. */
  first: string;
  rest: string;
  /** Whether the client waits for an interim response (100) before it sends the body. */
  isExpecting?: boolean;
  /** Whether the body is too long to be held, so that the upstream has the request before it is complete. */
  isStreamed?: boolean;
}

const chunk = (length: number): string => `${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`;

export const HELD_KINDS: readonly HeldKind[] = [
  { name: 'no byte of its body', headers: ['Content-Length: 5'], first: '', rest: '12345' },
  { name: 'a dribbled body', headers: ['Content-Length: 5'], first: '1234', rest: '5' },
  {
    name: 'a chunked body',
    headers: ['Transfer-Encoding: chunked'],
    first: '4\r\n1234\r\n',
    rest: '1\r\n5\r\n0\r\n\r\n',
  },
  {
    name: 'an expectation',
    headers: ['Content-Length: 5', 'Expect: 100-continue'],
    first: '',
    rest: '12345',
    isExpecting: true,
  },
  { name: 'HTTP/1.0', version: '1.0', headers: ['Content-Length: 5'], first: '1', rest: '2345' },
  {
    name: 'a long body',
    headers: [`Content-Length: ${LONG}`],
    first: 'x'.repeat(LONG - 1),
    rest: 'x',
    isStreamed: true,
  },
  {
    name: 'a long chunked body',
    headers: ['Transfer-Encoding: chunked'],
    first: chunk(LONG),
    rest: '0\r\n\r\n',
    isStreamed: true,
  },
];

/** A request whose end has not been sent. */
export class HeldRequest {
  readonly #connection: RawConnection;
  readonly #kind: HeldKind;

  constructor(url: string, path: string, authorization: string, kind: HeldKind) {
    const { version = '1.1', headers, first } = kind;
    const head = [`POST ${path} HTTP/${version}`, 'Host: gateway.test', `Authorization: ${authorization}`];
    this.#connection = new RawConnection(url).send([...head, ...headers, '', first].join('\r\n'));
    this.#kind = kind;
  }

  /** Waits for the interim response, if the client of this kind does. */
  async begun(): Promise<void> {
    if (this.#kind.isExpecting !== true) return;
    const { status } = await this.#connection.response({ withinMs: 20_000 });
    if (status !== 100) throw new Error(`the response is a ${status} before the request is complete`);
  }

  /** Completes the request and reads its response, or `closed` if the connection was closed. */
  async complete(): Promise<{ status: number; code: unknown } | 'closed'> {
    this.#connection.send(this.#kind.rest);
    await until(() => this.#connection.rest !== '' || this.#connection.closed);
    if (this.#connection.rest === '') return 'closed';
    return rawProblemOf(await this.#connection.response({ withinMs: 20_000 }));
  }

  destroy(): void {
    this.#connection.destroy();
  }
}
