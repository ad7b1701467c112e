import { randomInt } from 'node:crypto';

/** The headers of every stream of server-sent events (HTML standard, section 9.2). */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // nginx buffers a response unless this header is present.
  'x-accel-buffering': 'no',
};

/** A comment, which clients ignore. It keeps proxies from closing a silent stream. */
export const HEARTBEAT = ': still here\n\n';

/** The HTML standard (section 9.2.7) advises a comment every 15 seconds or so. */
export const MAX_HEARTBEAT_MS = 15_000;

const MIN_RECONNECT_MS = 1000;
const MAX_RECONNECT_MS = 3000;

/** A `retry` field with a random delay, so that clients whose streams end together don't reconnect together. */
export const retryField = (): string => `retry: ${randomInt(MIN_RECONNECT_MS, MAX_RECONNECT_MS)}\n`;
