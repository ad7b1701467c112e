import type { RedisClient } from '../client.ts';
import { definedScripts } from '../scripts.ts';
import { notReady, replyCode, type ServerFault } from './fault.ts';

/** What the Redis user of a process must be allowed. */
export interface RedisRights {
  /** Commands outside scripts, in upper case. */
  readonly commands: readonly string[];
  /** Whether the process runs the script of this name. */
  readonly runsScript: (name: string) => boolean;
  /** One key of each kind that the process reads or writes. */
  readonly keys: readonly string[];
  readonly publishes: readonly string[];
  readonly subscribesTo: readonly string[];
}

const SCRIPT_COMMANDS = ['EVAL', 'EVALSHA', 'EVAL_RO', 'EVALSHA_RO'];

/** The commands that the process sends or its scripts run, each with its subcommand, if any. */
export function commandsOf({ commands, runsScript }: RedisRights): string[] {
  const scripts = definedScripts().filter(({ name }) => runsScript(name));
  const all = [...SCRIPT_COMMANDS, ...commands, ...scripts.flatMap((script) => script.commands)];
  return [...new Set(all)].sort();
}

/**
 * Returns the numbers of the ARGV that are not allowed. Each is a command with arguments, separated by spaces;
 * `redis.acl_check_cmd` applies the rules for keys and channels to them as well, and runs nothing.
 */
const CHECK_LUA = `#!lua flags=no-writes,allow-stale
-- rights-check
local denied = {}
for i, text in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(text, '%S+') do table.insert(words, word) end
  if not redis.acl_check_cmd(unpack(words)) then table.insert(denied, i) end
end
return denied`;

/**
 * The command with arguments. Redis 7.0 looks for the keys of some commands even if there are no arguments, reads what is
 * beyond them, and may crash.
 */
function wordsOf(command: string, { keys }: RedisRights): string {
  if (SCRIPT_COMMANDS.includes(command)) return `${command} x 0`;
  if (command === 'PUBLISH' || command === 'SUBSCRIBE') return command;
  return `${command} ${keys[0]}${command === 'SET' ? ' x' : ''}`;
}

/** What the user of this connection may not do, in words such as `GET` or `PUBLISH to revocations`. */
export async function deniedRights(client: RedisClient, rights: RedisRights): Promise<string[]> {
  const checks = [
    ...commandsOf(rights).map((command) => ({ words: wordsOf(command, rights), meaning: command })),
    ...rights.keys.map((key) => ({ words: `EVAL x 1 ${key}`, meaning: `the key ${key}` })),
    ...rights.publishes.map((channel) => ({
      words: `PUBLISH ${channel} x`,
      meaning: `PUBLISH to ${channel}`,
    })),
    ...rights.subscribesTo.map((channel) => ({
      words: `SUBSCRIBE ${channel}`,
      meaning: `SUBSCRIBE to ${channel}`,
    })),
  ];
  try {
    const denied = await client.evalRo(CHECK_LUA, { keys: [], arguments: checks.map(({ words }) => words) });
    return (denied as number[]).flatMap((position) => checks[position - 1]?.meaning ?? []);
  } catch (fault) {
    if (replyCode(fault) === 'NOPERM') return ['EVAL_RO'];
    throw fault;
  }
}

const NAMED_MAX = 10;

/** The fault of a user who may not do these things; undefined if there are none. */
export function rightsFault(denied: readonly string[]): ServerFault | undefined {
  if (denied.length === 0) return undefined;
  const more = denied.length > NAMED_MAX ? ` and ${denied.length - NAMED_MAX} more` : '';
  const named = denied.slice(0, NAMED_MAX).join(', ');
  return notReady(
    'redis_acl_insufficient',
    `the Redis user may not use ${named}${more}: grant them (docs/operations.md has the rules)`,
  );
}
