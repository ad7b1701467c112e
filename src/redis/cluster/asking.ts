import type { RedisClient } from '../client.ts';

/** The connection behind each client that sends `ASKING`. */
const connections = new WeakMap<RedisClient, RedisClient>();

/**
 * The same connection with `ASKING` before each command and transaction. A node that a slot is being moved to rejects
 * commands for that slot without it. Both are sent in one turn of the event loop, so nothing comes in between.
 */
export function askingClient(client: RedisClient): RedisClient {
  const ask = (): void => {
    client.sendCommand(['ASKING']).catch(() => undefined);
  };
  const asking = new Proxy(client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        if (name === 'multi') return askingMulti(client.multi(), ask);
        ask();
        return Reflect.apply(member, target, args);
      };
    },
  });
  connections.set(asking, client);
  return asking;
}

/** Whether the client sends `ASKING`. */
export const isAsking = (client: RedisClient): boolean => connections.has(client);

/** The connection that a client sends its commands on. Each `askingClient` is another object. */
export const connectionOf = (client: RedisClient): RedisClient => connections.get(client) ?? client;

/** The commands of a transaction are sent by `exec`, so that is where `ASKING` has to come first. */
function askingMulti(multi: ReturnType<RedisClient['multi']>, ask: () => void): typeof multi {
  const exec = multi.exec.bind(multi);
  multi.exec = ((...args: Parameters<typeof exec>) => {
    ask();
    return exec(...args);
  }) as typeof multi.exec;
  return multi;
}
