/** The command that reads a key of a type cheaply. Redis rejects it with `WRONGTYPE` if the key has another type. */
const READ_OF_TYPE = {
  hash: 'HLEN',
  list: 'LLEN',
  set: 'SCARD',
  stream: 'XLEN',
  string: 'STRLEN',
  zset: 'ZCARD',
};

const CALL = /redis\.(p?call)\((?:'([A-Z]+)'(?:, '([A-Z]+)')?)?/g;
const TYPE_CHECK = /requireType\('(\w*)'/g;

interface ScriptCommands {
  /** Each command that the script depends on, with its subcommand, if any. */
  required: string[];
  /** Commands that may fail without failing the script (`redis.pcall`). */
  optional: string[];
}

/** The commands that a script contains. @throws if one is not written as a literal, and so cannot be checked */
export function commandsIn(name: string, lua: string): ScriptCommands {
  const required = new Set<string>();
  const optional = new Set<string>();
  for (const [, how, command, subcommand] of lua.matchAll(CALL)) {
    if (command === undefined) throw new TypeError(`script ${name}: a command is not a literal`);
    const words = subcommand === undefined ? command : `${command} ${subcommand}`;
    (how === 'call' ? required : optional).add(words);
  }
  for (const [, type] of lua.matchAll(TYPE_CHECK)) {
    const read = READ_OF_TYPE[type as keyof typeof READ_OF_TYPE];
    if (read === undefined) throw new TypeError(`script ${name}: ${type} is not a type of key`);
    required.add(read);
  }
  return { required: [...required], optional: [...optional] };
}

/** Redis looks for the key of `SET` even if there are no arguments, reads what is beyond them, and may crash. */
const argumentsOf = (command: string): string => (command === 'SET' ? ", KEYS[1] or '', ''" : '');

/**
 * Lua that runs before a script: it fails unless the Redis user may run every required command. Redis does not roll a
 * script back, so a command that is denied halfway would leave the writes before it.
 *
 * `requireType(type, key)` fails if the key exists and has another type. A script calls it before its first write for
 * each key that it has not read with a command of that type.
 */
export function guardLua(required: readonly string[]): string {
  const checks = required.map(
    (words) => `{ ${words.split(' ').map((word) => `'${word}'`)}${argumentsOf(words)} }`,
  );
  const reads = Object.entries(READ_OF_TYPE).map(([type, read]) => `${type} = '${read}'`);
  return `
for _, command in ipairs({ ${checks.join(', ')} }) do
  if not redis.acl_check_cmd(unpack(command)) then
    return redis.error_reply('NOPERM the script needs the command ' .. table.concat(command, ' '))
  end
end
local function requireType(type, key) redis.call(({ ${reads.join(', ')} })[type], key) end`;
}
