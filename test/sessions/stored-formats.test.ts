import { expect } from 'vitest';
import { whitelistKey } from '../../src/redis/keys.ts';
import { defineScript, runScript } from '../../src/redis/scripts.ts';
import { WHITELIST_ENTRY_LUA, whitelistEntry } from '../../src/redis/whitelist-entry.ts';
import { AUTHORIZATION_LUA, writeAuthorization } from '../../src/users/authorization.ts';
import { sessionTest } from './session-store.ts';

const test = sessionTest();
const SID = 'b'.repeat(22);
const RANGES = ['10.0.0.0/8', '2001:db8::/32'];

const LUA_WRITERS = defineScript(
  'test-formats',
  `${AUTHORIZATION_LUA}${WHITELIST_ENTRY_LUA}
local sid, generation, ranges = unpack(ARGV)
local plain = writeAuthorization('user', generation, false)
return { whitelistEntry(sid, generation), plain, writeAuthorization('admin', generation, ranges), readGeneration(plain) }`,
);

test.for([0, 7, 123_456])(
  'Lua and TypeScript write the same bytes in generation %i',
  async (generation, { store }) => {
    const args = [SID, String(generation), JSON.stringify(RANGES)];
    expect(await runScript(store.one.redis, LUA_WRITERS, [], args)).toEqual([
      whitelistEntry(SID, generation),
      writeAuthorization({ role: 'user', generation }),
      writeAuthorization({ role: 'admin', generation, ranges: RANGES }),
      generation,
    ]);
  },
);

test('the stored formats do not change: processes of a rolling upgrade share them', async ({ store }) => {
  expect(whitelistEntry(SID, 7)).toBe(`{"sid":"${SID}","gen":7}`);
  expect(writeAuthorization({ role: 'admin', generation: 7, ranges: RANGES })).toBe(
    '{"role":"admin","gen":7,"ranges":["10.0.0.0/8","2001:db8::/32"]}',
  );
  const { claims } = await store.start(await store.addUser());
  expect((await store.redis.dump()).get(whitelistKey(claims.sub, claims.jti))).toBe(
    `string ${JSON.stringify(whitelistEntry(claims.sid, 0))}`,
  );
});
