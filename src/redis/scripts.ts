import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { type RedisClient, RedisUnavailable } from './connection.ts';
import { commandsIn, guardLua } from './script-guard.ts';
import type { RedisStore } from './store.ts';

/** A Lua script, which Redis runs atomically. */
interface Script {
  /** For operators: the script's first line, which `SLOWLOG` and `MONITOR` show. */
  readonly name: string;
  readonly source: string;
  /** The SHA-1 of the source in hex, by which Redis finds it (`EVALSHA`). */
  readonly sha1: string;
  /** Every command in it, with its subcommand, if any. */
  readonly commands: readonly string[];
  /** Whether it only reads, so that it also runs while writes are refused or paused. */
  readonly isReadOnly: boolean;
}

const READS = new Set(['EXISTS', 'GET', 'HGETALL', 'HMGET', 'MGET', 'PTTL', 'XREVRANGE', 'ZRANGE']);

const defined = new Map<string, Script>();

/** The reply of a script: strings, integers, nil and tables in Lua (RESP 2). */
type ScriptReply = string | number | null | ScriptReply[];

/**
 * Defines a script. All keys that it touches must be in `KEYS`, with one hash tag (Redis Cluster).
 *
 * Redis does not roll scripts back, so a script checks everything first, the types of its keys included, then writes, and
 * last publishes with `redis.pcall`. Commands that the Redis user may not run are found before the script begins. On a
 * full server Redis rejects a script only at its first write, and only if that write needs memory.
 * @throws when the name is taken or a command is not written as a literal
 */
export function defineScript(name: string, lua: string): Script {
  if (defined.has(name)) throw new TypeError(`there are two scripts named ${name}`);
  const { required, optional } = commandsIn(name, lua);
  const source = `-- ${name}${guardLua(required)}\n${lua.trim()}\n`;
  const sha1 = createHash('sha1').update(source).digest('hex');
  const commands = [...required, ...optional];
  const isReadOnly = commands.every((command) => READS.has(command));
  const script = { name, source, sha1, commands, isReadOnly };
  defined.set(name, script);
  return script;
}

/** The scripts of all modules that have been loaded. */
export const definedScripts = (): readonly Script[] => [...defined.values()];

/**
 * Runs a script by its hash. The source is sent only to a server that does not have it, such as one that restarted or a
 * promoted replica. @throws {RedisUnavailable} also when the script itself fails.
 */
export const runScript = (
  link: RedisStore,
  script: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<ScriptReply> => link.runFor(keys[0] ?? '', (client) => evalScript(client, script, keys, args));

/** Like `runScript`. Also resolves to the connection that the script ran on. @throws {RedisUnavailable} */
export const runScriptOn = (
  link: RedisStore,
  script: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<{ reply: ScriptReply; client: RedisClient }> =>
  link.runFor(keys[0] ?? '', async (client) => ({
    reply: await evalScript(client, script, keys, args),
    client,
  }));

/** Runs a script on one connection. Rejects with the error of node-redis. */
export async function evalScript(
  client: RedisClient,
  { sha1, source, isReadOnly }: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<ScriptReply> {
  const options = { keys: [...keys], arguments: [...args] };
  try {
    return (await (isReadOnly
      ? client.evalShaRo(sha1, options)
      : client.evalSha(sha1, options))) as ScriptReply;
  } catch (fault) {
    if (!isUnknownScript(fault)) throw fault;
    return (await (isReadOnly
      ? client.evalRo(source, options)
      : client.eval(source, options))) as ScriptReply;
  }
}

/** The reply of a script, if it has the form that the script returns. @throws {RedisUnavailable} if it has not */
export function checkReply<Schema extends z.ZodType>(schema: Schema, reply: unknown): z.output<Schema> {
  const parsed = schema.safeParse(reply);
  if (parsed.success) return parsed.data;
  throw new RedisUnavailable('a reply of Redis to a script is malformed', { cause: parsed.error });
}

const isUnknownScript = (fault: unknown): boolean =>
  fault instanceof Error && fault.message.startsWith('NOSCRIPT');

/** Names for the entries of a script's `KEYS` or `ARGV`, shared by the script and its caller. */
interface EntryNames<Name extends string> {
  /** Lua that makes each name a local variable. */
  readonly lua: string;
  readonly count: number;
  /** The entries in the order of the names. */
  list(entries: Record<Name, string | number>): string[];
}

/** Names the entries of `KEYS` or `ARGV` in order, so that a script and its caller cannot disagree about positions. */
export const nameEntries = <const Name extends string>(
  table: 'KEYS' | 'ARGV',
  names: readonly Name[],
): EntryNames<Name> => ({
  lua: `local ${names.join(', ')} = unpack(${table}, 1, ${names.length})`,
  count: names.length,
  list: (entries) => names.map((name) => String(entries[name])),
});
