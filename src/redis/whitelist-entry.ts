/**
 * The value under `whitelistKey`: the user's generation when the access token was issued, in decimal. Redis keeps small
 * numbers only once. The token's session is in its own signed claim. Scripts write the value and `checkWhitelist`
 * compares it byte by byte, so only this file knows the format.
 */
export const whitelistEntry = (generation: number): string => String(generation);

/** Whether a value is the whitelist entry of some generation. */
export const isWhitelistEntry = (entry: string): boolean => /^(?:0|[1-9]\d{0,14})$/.test(entry);

/** Lua: `whitelistEntry(generation)` returns the same text. */
export const WHITELIST_ENTRY_LUA = `
local function whitelistEntry(generation) return string.format('%.0f', generation) end`;
