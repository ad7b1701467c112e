import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { until } from '../support/until.ts';

export interface ReadEvent {
  id: string;
  event: string;
  data: unknown;
}

export interface EventReader {
  response: IncomingMessage;
  /** The events with data so far. */
  events: ReadEvent[];
  /** Everything so far, as it came. */
  text(): string;
  /** Waits until there are `count` events, and gives them. */
  first(count: number): Promise<ReadEvent[]>;
  /** Resolves when the server has ended the stream in an orderly way; rejects when it broke. */
  ended: Promise<unknown>;
  abort(): void;
}

/** Reads server-sent events over a connection of its own. `paused` reads nothing until `response.resume()`. */
export async function readEvents(
  url: string,
  headers: Record<string, string>,
  { paused = false } = {},
): Promise<EventReader> {
  const sent = request(url, { headers, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const events: ReadEvent[] = [];
  let text = '';
  let rest = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) if (/^data:/m.test(block)) events.push(parseEvent(block));
  });
  if (paused) response.pause();
  const ended = once(response, 'end');
  ended.catch(() => {});
  return {
    response,
    events,
    text: () => text,
    first: async (count) => {
      await until(() => events.length >= count);
      return events;
    },
    ended,
    abort: () => void sent.destroy(),
  };
}

function parseEvent(block: string): ReadEvent {
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
  return { id: field('id'), event: field('event'), data: JSON.parse(field('data')) };
}
