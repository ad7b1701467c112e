/**
 * The JSON value under `whitelistKey`: the session of an access token and the user's generation when it was issued.
 * Scripts write it and `checkWhitelist` compares it byte by byte, so only this file knows the format. It must not
 * change: during a rolling upgrade, old and new processes share the entries.
 */
const entryText = (sid: string, generation: string): string => `{"sid":"${sid}","gen":${generation}}`;

export const whitelistEntry = (sid: string, generation: number): string => entryText(sid, String(generation));

/** Whether an entry belongs to this session, in any generation. */
export const isEntryOfSession = (entry: string, sid: string): boolean =>
  entry.startsWith(entryText(sid, '').slice(0, -1));

/** Lua: `whitelistEntry(sid, generation)` returns the same text. */
export const WHITELIST_ENTRY_LUA = `
local function whitelistEntry(sid, generation) return '${entryText("' .. sid .. '", "' .. generation .. '")}' end`;
