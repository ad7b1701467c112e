import { hostOf, redirectedAddress } from './slots.ts';

/** What a node replies in place of running a command (Redis Cluster specification, "Redirection and resharding"). */
export type Redirection =
  /** Another node serves the slot. */
  | { is: 'moved'; to: string }
  /**
   * The slot is being moved, and the key is at the other node already, or would be created there. That node runs the
   * command only after `ASKING` (`askingClient`).
   */
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
