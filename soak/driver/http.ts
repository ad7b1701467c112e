import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome } from '../model/operation.ts';

const TIMEOUT_MS = 10_000;

export interface Call {
  method?: string;
  /** The URL of a gateway with the path. */
  url: string;
  token?: string | undefined;
  headers?: Record<string, string>;
  body?: unknown;
}

/** A response, or what came instead of one. */
export interface Reply {
  outcome: Outcome;
  /** Status and problem code, or the code of the fault. */
  detail: string;
  /** JSON, or undefined. */
  body?: unknown;
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** Closes the connections that are kept for later. */
export const closeConnections = (): void => agent.destroy();

/** Sends a request and waits for the whole response. Never throws. */
export const send = (call: Call): Promise<Reply> => {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  return exchange(open(call, body === undefined ? 0 : Buffer.byteLength(body)), async (outgoing) => {
    outgoing.end(body);
  });
};

/**
 * Sends a body in equal parts, with a pause before each but the first.
 * @param onLast called just before the last part is sent
 */
export const sendInParts = (
  call: Call,
  { text, parts, pauseMs }: { text: string; parts: number; pauseMs: number },
  onLast: () => void,
): Promise<Reply> => {
  const bytes = Buffer.from(text);
  return exchange(open(call, bytes.length), async (outgoing) => {
    const size = Math.ceil(bytes.length / parts);
    for (let part = 0; part < parts; part += 1) {
      if (part > 0) await delay(pauseMs);
      if (part === parts - 1) onLast();
      if (outgoing.destroyed) return;
      outgoing.write(bytes.subarray(part * size, (part + 1) * size));
    }
    outgoing.end();
  });
};

/**
 * Opens a stream and resolves with its head. The body is given to `onPart` until it ends or is closed.
 */
export async function openStream(
  call: Call,
  onPart: () => void,
): Promise<{ reply: Reply; close(): void; ended: Promise<void> }> {
  const outgoing = open(call, 0);
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const reply = await new Promise<Reply>((settle) => {
    let isAnswered = false;
    outgoing.setTimeout(TIMEOUT_MS, () => outgoing.destroy());
    outgoing.on('error', (fault) => settle(faultReply(fault)));
    outgoing.on('response', (incoming) => {
      isAnswered = true;
      if (incoming.statusCode !== 200) return void readReply(incoming).then(settle);
      incoming.on('data', onPart);
      settle(replyOf(incoming, ''));
    });
    outgoing.on('close', () => {
      end();
      if (!isAnswered) settle({ outcome: 'unknown', detail: 'closed' });
    });
    outgoing.end();
  });
  return { reply, close: () => outgoing.destroy(), ended };
}

function open({ method = 'GET', url, token, headers, body }: Call, bytes: number): ClientRequest {
  const isSent = body !== undefined || bytes > 0;
  return request(url, {
    method,
    agent,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(isSent && { 'content-type': 'application/json', 'content-length': String(bytes) }),
      'user-agent': 'portcullis-soak',
      ...headers,
    },
  });
}

function exchange(
  outgoing: ClientRequest,
  write: (outgoing: ClientRequest) => Promise<void>,
): Promise<Reply> {
  return new Promise((settle) => {
    const timer = setTimeout(() => outgoing.destroy(new Error('timeout')), TIMEOUT_MS);
    let isAnswered = false;
    const finish = (reply: Reply): void => {
      clearTimeout(timer);
      settle(reply);
    };
    outgoing.on('error', (fault) => finish(faultReply(fault)));
    outgoing.on('close', () => {
      if (!isAnswered) finish({ outcome: 'unknown', detail: 'closed' });
    });
    outgoing.on('response', (incoming) => {
      isAnswered = true;
      void readReply(incoming).then(finish);
    });
    void write(outgoing);
  });
}

async function readReply(incoming: IncomingMessage): Promise<Reply> {
  let text = '';
  try {
    for await (const part of incoming.setEncoding('utf8')) text += part;
    return replyOf(incoming, text);
  } catch (fault) {
    return faultReply(fault as Error);
  }
}

const faultReply = (fault: Error): Reply => ({
  outcome: 'unknown',
  detail: (fault as NodeJS.ErrnoException).code ?? fault.message,
});

function replyOf({ statusCode = 0 }: IncomingMessage, text: string): Reply {
  const body = parsed(text);
  const code = (body as { code?: string } | undefined)?.code;
  return { outcome: outcomeOf(statusCode), detail: code ? `${statusCode} ${code}` : `${statusCode}`, body };
}

function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return 'ok';
  if (status === 401 || status === 403) return 'denied';
  return status >= 400 && status < 500 ? 'refused' : 'unknown';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
