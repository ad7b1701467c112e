import {
  authzKey,
  pendingActionsKey,
  sessionDataKey,
  sessionKey,
  sessionsKey,
  whitelistKey,
} from '../../redis/keys.ts';
import { defineRevocation, REMOVE_SESSION_LUA } from '../../redis/revocations/script.ts';
import { nameEntries } from '../../redis/scripts.ts';
import { SESSION_RECORD_LUA } from '../../redis/session-record.ts';
import { WHITELIST_ENTRY_LUA } from '../../redis/whitelist-entry.ts';
import { AUTHORIZATION_LUA } from '../../users/authorization.ts';
import { PENDING_ACTIONS_LUA } from '../../users/pending-actions.ts';
import { PROVEN_BINDING_LUA } from '../proven-binding.ts';
import { USED_PROOFS_LUA } from '../used-proofs.ts';
import type { TokenIdentity } from '../whitelist.ts';

const KEYS = nameEntries('KEYS', [
  'authzKey',
  'sessionsKey',
  'sessionKey',
  'dataKey',
  'entryKey',
  'actionsKey',
  'proofKey',
]);

/** The keys. `jti` is the access token that comes after the refresh token, which the script adds to the whitelist. */
export const refreshKeys = ({ sub, sid, jti }: TokenIdentity, proofKey: string): string[] =>
  KEYS.list({
    authzKey: authzKey(sub),
    sessionsKey: sessionsKey(sub),
    sessionKey: sessionKey(sub, sid),
    dataKey: sessionDataKey(sub, sid),
    entryKey: whitelistKey(sub, jti),
    actionsKey: pendingActionsKey(sub),
    proofKey,
  });

/**
 * `iat` and `exp` are in seconds since the epoch. `client` identifies the network and the user agent. `judged` is the
 * authorization whose address ranges allow the address, and `clientId` the registered client, as far as the caller knows
 * them. `binding` is the key that the client has proved to hold, and `certificate` its certificate in the same form.
 */
export const REFRESH_ARGUMENTS = nameEntries('ARGV', [
  'sid',
  'refreshCount',
  'nowMs',
  'graceMs',
  'iat',
  'exp',
  'user',
  'address',
  'device',
  'client',
  'judged',
  'clientId',
  'binding',
  'certificate',
  'proofMs',
  'boundRoles',
]);

/**
 * Compares and advances a session's refresh counter, and adds the next access token to the whitelist. Within the grace
 * window it is there already, possibly in the generation before a change of the password.
 *
 * The grace window starts when the counter advances and is measured by two clocks, each against itself: Redis's, which
 * also counts while a script waits for a Redis that hangs, and the callers', where the later of both counts. It is over
 * when either says so, so no clock that is ahead extends it.
 *
 * A gateway whose clock is behind that of the login dates the token to the login: `auth_time` is never after `iat`.
 *
 * Returns `judge` and the authorization, if it has address ranges and is not the one that the caller has judged: then
 * nothing has changed. Otherwise `gone` (the session is ended, idle or expired, or the user is blocked); `client` and the
 * id of the session's client, if that is not the given one, `binding` (the session is bound to another key or certificate,
 * or the client has proved nothing), `replayed` (the proof): nothing has changed; `unknown` (a
 * counter that was never reached); `reuse` (a token from before the grace window, or within it from another client: the session has been
 * ended), with the address of the last refresh and the actions that the user had begun as staff; or `advanced` or
 * `again` with the session as it is now.
 */
export const REFRESH_SESSION = defineRevocation(
  'session-refresh',
  `${AUTHORIZATION_LUA}${WHITELIST_ENTRY_LUA}${SESSION_RECORD_LUA}${REMOVE_SESSION_LUA}${PENDING_ACTIONS_LUA}${USED_PROOFS_LUA}${PROVEN_BINDING_LUA}
${KEYS.lua}
${REFRESH_ARGUMENTS.lua}
local serverMs = serverTimeMs()
local callerMs = math.max(tonumber(nowMs), serverMs)
local authorization = redis.call('GET', authzKey)
if not authorization then return { 'gone' } end
if hasRanges(authorization) and authorization ~= judged then return { 'judge', authorization } end
local session = readSession(sessionKey)
if not session or session.generation ~= readGeneration(authorization) then return { 'gone' } end
if session.endsAt <= tonumber(iat) then return { 'gone' } end
if session.clientId ~= clientId then return { 'client', session.clientId } end
if not isBindingProven(session.binding, binding, certificate) then return { 'binding' } end
if session.binding == '' and string.find(boundRoles, ' ' .. readRole(authorization) .. ' ', 1, true) then
  return { 'unbound' }
end
if isUsedProof(proofKey, proofMs) then return { 'replayed' } end
local behind = session.refreshCount - refreshCount
if behind < 0 then return { 'unknown' } end

local elapsedMs = math.max(callerMs - session.movedAtMs, serverMs - session.movedServerMs)
local authTime = math.floor(session.createdMs / 1000)
local verdict = 'again'
if behind == 0 then
  verdict = 'advanced'
  local behindSeconds = math.max(0, authTime - iat)
  session.refreshCount, session.movedAtMs, session.movedServerMs = session.refreshCount + 1, callerMs, serverMs
  session.iat = iat + behindSeconds
  session.exp = math.min(exp + behindSeconds, session.endsAt)
  session.address, session.device, session.client = address, device, client
  redis.call('SET', sessionKey, sessionText(session), 'KEEPTTL')
  redis.call('SET', entryKey, whitelistEntry(session.generation), 'EXAT', string.format('%.0f', session.exp))
elseif behind > 1 or elapsedMs >= tonumber(graceMs) or client ~= session.client then
  requireType('string', sessionsKey)
  local pending = pendingActions(actionsKey)
  removeSession(sessionKey, dataKey)
  unlistSessions(sessionsKey, { [sid] = true })
  revoke(user, { sessions = { sid } })
  return { 'reuse', session.address, pending }
else
  redis.call('SET', entryKey, whitelistEntry(session.generation), 'XX', 'KEEPTTL')
end
useProof(proofKey, proofMs)
return { verdict, sessionText(session) }
`,
);
