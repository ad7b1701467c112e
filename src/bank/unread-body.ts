import type { IncomingMessage } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import type { BankEnv } from './problems.ts';

/** How much of a body that nobody wants is read, and for how long. */
const MAX_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 1000;

/**
 * Reads the rest of a body that was refused before it was complete, within limits, and then sends the response. The
 * gateway uses the connection again as soon as it has the response, and would lose another user's request if the bank
 * closed it because of the unread rest. Beyond the limits the response says `Connection: close` (RFC 9112, section 9.6).
 */
export const discardUnreadBody: MiddlewareHandler<BankEnv> = async (c, next) => {
  await next();
  if (!(await isReadToEnd(c.env.incoming))) c.header('connection', 'close');
};

async function isReadToEnd(incoming: IncomingMessage): Promise<boolean> {
  if (incoming.complete) return true;
  // The client waits for a 100 that it doesn't get, so there is nothing to read (RFC 9110, section 10.1.1).
  if (incoming.headers.expect !== undefined && !incoming.readableDidRead) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) resolve(false);
  };
  const finish = (): void => resolve(incoming.complete);
  const timer = setTimeout(finish, TIMEOUT_MS);
  incoming.on('data', count).once('end', finish).once('close', finish).resume();
  return promise.finally(() => {
    clearTimeout(timer);
    incoming.off('data', count).off('end', finish).off('close', finish);
  });
}
