import { Counter } from '../../metrics/counter.ts';
import { Histogram } from '../../metrics/histogram.ts';
import { RedisUnavailable } from '../client.ts';
import { afterDeadline } from '../deadline.ts';

/** What became of a command: `deadline` is one without a reply in time, `unconnected` one that could not be sent. */
const OUTCOMES = ['ok', 'error', 'deadline', 'unconnected'] as const;

/**
 * What this process has asked of Redis, over all of its connections and whatever the topology. It is the only state
 * that belongs to the process and not to a gateway or a bank: every connection counts here.
 */
export const redisCommands = {
  commands: new Counter(
    'portcullis_redis_commands_total',
    'Redis commands, scripts and transactions by outcome: a reply, an error reply, no reply before the deadline, or not sent because there was no connection.',
    { outcome: OUTCOMES },
  ),
  duration: new Histogram(
    'portcullis_redis_command_duration_seconds',
    'Time until the reply of Redis, error replies included, in seconds.',
  ),
  connections: new Counter(
    'portcullis_redis_connections_total',
    'Connections to Redis that became usable, and those that were lost, those for messages included.',
    { event: ['connected', 'lost'] },
  ),
};

/**
 * Measures one command, and calls `onTimeout` after its deadline (`../deadline.ts`).
 * @returns a function to call with the outcome
 */
export function measureCommand(deadlineMs: number, onTimeout: () => void): (outcome: 'ok' | 'error') => void {
  const { commands, duration } = redisCommands;
  const startedMs = performance.now();
  let isLate = false;
  const cancelDeadline = afterDeadline(deadlineMs, () => {
    isLate = true;
    commands.add('deadline');
    onTimeout();
  });
  return (outcome) => {
    cancelDeadline();
    if (isLate) return;
    commands.add(outcome);
    duration.of[''].observeSince(startedMs);
  };
}

/** The fault of a command for which there is no connection. It is counted. */
export function unconnected(): RedisUnavailable {
  redisCommands.commands.add('unconnected');
  return new RedisUnavailable('there is no connection to Redis');
}
