/**
 * The value under `sessionKey`: one session as a line of text, because a string takes less memory than a hash, and `MGET`
 * can tell whether it exists. Only this file knows the format.
 *
 * The parts are separated by spaces: generation, number of refreshes, time of the login (ms), then relative to it the
 * absolute end (s), the last activity (ms) and the last refresh (ms); how far Redis's clock was behind at the refresh (ms),
 * how long before it the newest access token was issued (s), its lifetime (s), 1 for `remember`, the binding if there is
 * one, the digest of the client that refreshed last or `-`, the address or `-` if it is not known, the client id or `-` for
 * {@link OWN_CLIENT}, and the device, which may contain spaces, but no line break.
 */
export interface SessionRecord {
  /** The user's generation in which the session was started or last kept. */
  generation: number;
  refreshCount: number;
  createdMs: number;
  /** The absolute end, in seconds since the epoch. */
  endsAt: number;
  lastSeenMs: number;
  /** Time of the last refresh, or else of the login. */
  movedAtMs: number;
  /** The same by Redis's clock. */
  movedServerMs: number;
  /** `iat` and `exp` of the newest access token, in seconds since the epoch. */
  iat: number;
  exp: number;
  remember: boolean;
  /** What the tokens of the session are bound to: `jkt=…`, `x5t=…` or empty (jwt/confirmation.ts). */
  binding: string;
  /** The digest of the client that refreshed last, or `-`. */
  client: string;
  address: string;
  clientId: string;
  device: string;
}

/** The `client_id` of sessions that are started with a password. */
export const OWN_CLIENT = 'portcullis-web';

const NUMBERS = 10;
const RECORD = new RegExp(
  `^(\\d+) (\\d+) (\\d+) ${'(-?\\d+) '.repeat(NUMBERS - 3)}(?:((?:jkt|x5t)=\\S+) )?(\\S+) (\\S+) (\\S+) (.*)$`,
);

const seconds = (ms: number): number => Math.floor(ms / 1000);

/** The text of a session. The Lua function `sessionText` returns the same. */
export function sessionText(session: SessionRecord): string {
  const { createdMs, movedAtMs, iat } = session;
  const numbers = [
    ...[session.generation, session.refreshCount, createdMs],
    ...[session.endsAt - seconds(createdMs), session.lastSeenMs - createdMs, movedAtMs - createdMs],
    ...[movedAtMs - session.movedServerMs, seconds(movedAtMs) - iat, session.exp - iat],
    session.remember ? 1 : 0,
  ];
  const { binding, client, address, clientId, device } = session;
  const words = [client, address || '-', clientId === OWN_CLIENT ? '-' : clientId, device];
  return [...numbers, ...(binding === '' ? [] : [binding]), ...words].join(' ');
}

/** Reads what `sessionText` wrote; undefined for any other text. */
export function readSession(text: string): SessionRecord | undefined {
  const parts = RECORD.exec(text);
  if (parts === null) return undefined;
  const [generation = 0, refreshCount = 0, createdMs = 0, ...rest] = parts.slice(1, 1 + NUMBERS).map(Number);
  const [lifetime = 0, seenAfterMs = 0, movedAfterMs = 0, lagMs = 0, iatLag = 0, ttl = 0, remember] = rest;
  const [binding = '', client = '', address = '', clientId = '', device = ''] = parts.slice(1 + NUMBERS);
  const movedAtMs = createdMs + movedAfterMs;
  const iat = seconds(movedAtMs) - iatLag;
  return {
    ...{ generation, refreshCount, createdMs, endsAt: seconds(createdMs) + lifetime },
    ...{ lastSeenMs: createdMs + seenAfterMs, movedAtMs, movedServerMs: movedAtMs - lagMs },
    ...{ iat, exp: iat + ttl, remember: remember === 1, binding, client, address, device },
    clientId: clientId === '-' ? OWN_CLIENT : clientId,
  };
}

/**
 * Lua: `readSession(key)` returns the session under a key as a table with the fields of {@link SessionRecord}, or nil if
 * there is none or its text is malformed. `sessionText(session)` returns its text. All numbers are Lua numbers.
 */
export const SESSION_RECORD_LUA = `
local function readSession(key)
  local parts = { string.match(redis.call('GET', key) or '',
    '^(%d+) (%d+) (%d+) ${'(%-?%d+) '.repeat(NUMBERS - 3)}(.*)$') }
  if not parts[1] then return nil end
  local binding, others = string.match(parts[${NUMBERS + 1}], '^(%l%w%l=%S+) (.*)$')
  local client, address, clientId, device = string.match(others or parts[${NUMBERS + 1}], '^(%S+) (%S+) (%S+) (.*)$')
  if not client then return nil end
  for i = 1, ${NUMBERS} do parts[i] = tonumber(parts[i]) end
  local createdMs, movedAtMs = parts[3], parts[3] + parts[6]
  local iat = math.floor(movedAtMs / 1000) - parts[8]
  return { generation = parts[1], refreshCount = parts[2], createdMs = createdMs,
    endsAt = math.floor(createdMs / 1000) + parts[4], lastSeenMs = createdMs + parts[5], movedAtMs = movedAtMs,
    movedServerMs = movedAtMs - parts[7], iat = iat, exp = iat + parts[9], remember = parts[10] == 1,
    binding = binding or '', client = client, address = address,
    clientId = clientId == '-' and '${OWN_CLIENT}' or clientId, device = device }
end
local function sessionText(s)
  return string.format('${'%.0f '.repeat(NUMBERS)}%s%s %s %s %s', s.generation, s.refreshCount, s.createdMs,
    s.endsAt - math.floor(s.createdMs / 1000), s.lastSeenMs - s.createdMs, s.movedAtMs - s.createdMs,
    s.movedAtMs - s.movedServerMs, math.floor(s.movedAtMs / 1000) - s.iat, s.exp - s.iat, s.remember and 1 or 0,
    s.binding == '' and '' or s.binding .. ' ', s.client, s.address == '' and '-' or s.address, s.clientId == '${OWN_CLIENT}' and '-' or s.clientId, s.device)
end`;
