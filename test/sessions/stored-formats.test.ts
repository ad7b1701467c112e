import { expect } from 'vitest';
import { sessionKey, whitelistKey } from '../../src/redis/keys.ts';
import { defineScript, runScript } from '../../src/redis/scripts.ts';
import { readSession, SESSION_RECORD_LUA, sessionText } from '../../src/redis/session-record.ts';
import { WHITELIST_ENTRY_LUA, whitelistEntry } from '../../src/redis/whitelist-entry.ts';
import { refreshSession } from '../../src/sessions/refresh.ts';
import { AUTHORIZATION_LUA, writeAuthorization } from '../../src/users/authorization.ts';
import { sessionRecord } from './session-record.ts';
import { CLIENT, sessionTest } from './session-store.ts';

const test = sessionTest();
const KEY = sessionKey('test', 'test');
const RANGES = ['10.0.0.0/8', '2001:db8::/32'];

const LUA_WRITERS = defineScript(
  'test-formats',
  `${AUTHORIZATION_LUA}${WHITELIST_ENTRY_LUA}
local generation, ranges = unpack(ARGV)
local plain = writeAuthorization('user', generation, false)
return { whitelistEntry(generation), plain, writeAuthorization('admin', generation, ranges), readGeneration(plain) }`,
);

/** Reads a session and writes it again. */
const LUA_SESSION = defineScript(
  'test-session',
  `${SESSION_RECORD_LUA}
local session = readSession(KEYS[1])
return session and { sessionText(session), session.device, session.exp, session.remember and 1 or 0 }`,
);

test.for([0, 7, 123_456])(
  'Lua and TypeScript write the same bytes in generation %i',
  async (generation, { store }) => {
    const args = [String(generation), JSON.stringify(RANGES)];
    expect(await runScript(store.one.redis, LUA_WRITERS, [], args)).toEqual([
      whitelistEntry(generation),
      writeAuthorization({ role: 'user', generation }),
      writeAuthorization({ role: 'admin', generation, ranges: RANGES }),
      generation,
    ]);
  },
);

test.for([
  sessionRecord(),
  sessionRecord({ refreshCount: 0, client: '-', remember: true, device: 'unknown device' }),
  sessionRecord({ clientId: 'another-client' }),
  sessionRecord({ address: '2001:db8::ffff:7', device: '', movedServerMs: sessionRecord().movedAtMs }),
  // The clock of the login was ahead of all others.
  sessionRecord({ movedAtMs: 1_795_300_000_000, lastSeenMs: 1_795_299_999_000, iat: 1_795_300_000 }),
])('Lua and TypeScript read and write the same session %#', async (session, { store }) => {
  const text = sessionText(session);
  expect(readSession(text)).toEqual(session);
  await store.one.redis.runFor(KEY, (client) => client.set(KEY, text));
  const { device, exp, remember } = session;
  const reply = await runScript(store.one.redis, LUA_SESSION, [KEY], []);
  expect(reply).toEqual([text, device, exp, remember ? 1 : 0]);
});

test.for(['', '1', '0 1 2', sessionText(sessionRecord()).replace(' 1 ', ' x '), '{"gen":0}'])(
  'a malformed session is none: "%s"',
  async (text, { store }) => {
    expect(readSession(text)).toBeUndefined();
    await store.one.redis.runFor(KEY, (client) => client.set(KEY, text));
    expect(await runScript(store.one.redis, LUA_SESSION, [KEY], [])).toBeNull();
  },
);

test('scripts and TypeScript agree about the stored formats', async ({ store }) => {
  expect(writeAuthorization({ role: 'admin', generation: 7, ranges: RANGES })).toBe(
    '{"role":"admin","gen":7,"ranges":["10.0.0.0/8","2001:db8::/32"]}',
  );
  const nowMs = Date.now();
  const { claims, refreshToken } = await store.start(await store.addUser(), {}, nowMs);
  const { sub, sid, jti } = claims;
  const stored = (key: string) => store.one.redis.runFor(key, (client) => client.get(key));
  expect(await stored(whitelistKey(sub, jti))).toBe(whitelistEntry(0));
  const lifetime = store.one.options.sessionAbsoluteSeconds;
  expect(await stored(sessionKey(sub, sid))).toBe(
    `0 0 ${nowMs} ${lifetime} 0 0 0 0 300 0 - ${CLIENT.address} - ${CLIENT.device}`,
  );
  await refreshSession(store.one, { token: refreshToken, ...CLIENT }, nowMs);
  expect(readSession((await stored(sessionKey(sub, sid))) ?? '')).toMatchObject({
    refreshCount: 1,
    createdMs: nowMs,
    client: expect.stringMatching(/^[\w-]{16}$/),
  });
});
