import { expect, test } from 'vitest';
import { startBank } from '../../src/bank/server.ts';
import { bankSettings } from '../../src/config/load.ts';
import { pinnedAssertionKeys } from '../../src/keys/assertion-keys.ts';
import { InvalidKeyError, keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import { createLog } from '../../src/log.ts';

const { signing, jwks } = await keyRingFromPem(await makeKeyPem());
const { assertionKey } = signing;

test('of pinned keys, those for assertions are found and those for other tokens are not', async () => {
  const keys = pinnedAssertionKeys(JSON.stringify(jwks));
  expect(keys.has(assertionKey.kid)).toBe(true);
  expect(await keys.find(assertionKey.kid)).toMatchObject({ kid: assertionKey.kid });
  expect(keys.has(signing.kid)).toBe(false);
  expect(await keys.find(signing.kid)).toBeUndefined();
});

test.each(['', 'none', '{}', '{"keys":[]}', '{"keys":"none"}', JSON.stringify({ keys: [signing.jwk] })])(
  'pinned keys without one for assertions stop the start of the bank, by the name of the setting (%s)',
  async (JWKS) => {
    expect(() => pinnedAssertionKeys(JWKS)).toThrow(InvalidKeyError);
    expect(() => pinnedAssertionKeys(JWKS)).toThrow(/^JWKS: must be a JSON Web Key Set/);
  },
);

test('the bank does not start with pinned keys and a URL of keys', async () => {
  const settings = bankSettings({
    JWKS: JSON.stringify(jwks),
    JWKS_URL: 'http://127.0.0.1:9/jwks',
    BANK_PORT: '0',
    REDIS_URL: 'unix:///nowhere.sock',
  });
  const starting = startBank({ settings, log: createLog('bank', 'silent') });
  await expect(starting).rejects.toThrow('JWKS: must not be set together with JWKS_URL');
});
