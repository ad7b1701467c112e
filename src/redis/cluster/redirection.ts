import type { RedisClient } from '../client.ts';
import { hostOf, redirectedAddress } from './slots.ts';

/** What a node replies in place of running a command (Redis Cluster specification, "Redirection and resharding"). */
export type Redirection =
  /** Another node serves the slot. */
  | { is: 'moved'; to: string }
  /** The slot is being moved, and the key is at the other node already, or would be created there. */
  | { is: 'ask'; to: string }
  /** Some keys of the command have been moved and some have not, or no node serves the slot at this moment. */
  | { is: 'again' };

/**
 * The redirection that an error reply contains, if any: the command has then not been run.
 * @param fault what `RedisLink.run` rejected with
 * @param from the address of the node that replied
 */
export function redirectionIn(fault: unknown, from: string): Redirection | undefined {
  const reply = fault instanceof Error && fault.cause instanceof Error ? fault.cause.message : '';
  const [, kind, to] = /^(MOVED|ASK) \d+ (\S*:\d+)/.exec(reply) ?? [];
  if (kind !== undefined && to !== undefined)
    return { is: kind === 'MOVED' ? 'moved' : 'ask', to: redirectedAddress(to, hostOf(from)) };
  return /^(TRYAGAIN|CLUSTERDOWN)\b/.test(reply) ? { is: 'again' } : undefined;
}

/**
 * The same connection with `ASKING` before each command and transaction. A node that a slot is being moved to rejects
 * commands for that slot without it. Both are sent in one turn of the event loop, so nothing comes in between.
 */
export function askingClient(client: RedisClient): RedisClient {
  const ask = (): void => {
    client.sendCommand(['ASKING']).catch(() => undefined);
  };
  return new Proxy(client, {
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
}

/** The commands of a transaction are sent by `exec`, so that is where `ASKING` has to come first. */
function askingMulti(multi: ReturnType<RedisClient['multi']>, ask: () => void): typeof multi {
  const exec = multi.exec.bind(multi);
  multi.exec = ((...args: Parameters<typeof exec>) => {
    ask();
    return exec(...args);
  }) as typeof multi.exec;
  return multi;
}
