import { createHash } from 'node:crypto';
import type { RedisLink } from './connection.ts';

/** A Lua script that Redis runs as one step: nobody sees or changes anything in between. */
export interface Script {
  /** For people only: it stands in the script's first line, where `SLOWLOG` and `MONITOR` show it. */
  readonly name: string;
  readonly source: string;
  /** SHA-1 in hex of the source, Redis's own name for it (`EVALSHA`). */
  readonly sha1: string;
}

/** What a script may answer: Redis turns Lua strings, whole numbers, nil and tables into these (RESP 2). */
export type ScriptReply = string | number | null | ScriptReply[];

/** Names a script. Every key that it touches has to be in `KEYS`, all with one hash tag (Redis Cluster). */
export function defineScript(name: string, lua: string): Script {
  const source = `-- ${name}\n${lua.trim()}\n`;
  return { name, source, sha1: createHash('sha1').update(source).digest('hex') };
}

/**
 * Runs a script by its hash, and sends its source only to a server that doesn't know it yet (a new one, a
 * restarted one, a replica that took over).
 * @throws {RedisUnavailable} also when the script itself fails: that is a fault, never an answer.
 */
export function runScript(
  link: RedisLink,
  script: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<ScriptReply> {
  const options = { keys: [...keys], arguments: [...args] };
  return link.run(async (client) => {
    try {
      return (await client.evalSha(script.sha1, options)) as ScriptReply;
    } catch (fault) {
      if (!isUnknownScript(fault)) throw fault;
      return (await client.eval(script.source, options)) as ScriptReply;
    }
  });
}

const isUnknownScript = (fault: unknown): boolean =>
  fault instanceof Error && fault.message.startsWith('NOSCRIPT');
