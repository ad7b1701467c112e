import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Attack } from '../../src/probe/attack.ts';
import { ATTACKS, describe as describeOutcome, runAttack } from '../../src/probe/battery.ts';
import { exchange } from '../../src/probe/exchange.ts';
import { forge, signedToken } from '../../src/probe/forge.ts';
import { asBearer, asCookie, rawRequest } from '../../src/probe/requests.ts';
import { type AttackedGateway, startAttackedGateway } from './attacked-gateway.ts';

let attacked: AttackedGateway;
beforeAll(async () => {
  attacked = await startAttackedGateway();
});
afterAll(() => attacked.close());

/** The commands that Redis executes while `act` runs. */
const redisCommands = (act: () => Promise<unknown>): Promise<string[]> =>
  attacked.gateway.redis.commandsDuring(act);

/** The responses of the gateway to a token in the header and in the cookie. */
async function responsesTo(token: string): Promise<string[]> {
  const { target, context } = attacked;
  const requests = [asBearer(context, token), asCookie(context, token)];
  return Promise.all(requests.map(async (request) => describeOutcome(await exchange(target, request))));
}

/** The response of the bank to a request that bypasses the gateway. */
async function bankResponse(request: (where: { host: string; path: string }) => Buffer): Promise<string> {
  const origin = new URL(attacked.bank.url);
  return describeOutcome(await exchange({ origin }, request({ host: origin.host, path: '/accounts' })));
}

describe('the battery', () => {
  test('has at least 60 attacks, each with a unique id and title, a reason and a request', async () => {
    expect(ATTACKS.length).toBeGreaterThanOrEqual(60);
    for (const member of ['id', 'title'] as const)
      expect(new Set(ATTACKS.map((attack) => attack[member])).size).toBe(ATTACKS.length);
    for (const { id, title, why, build } of ATTACKS) {
      expect(id, id).toMatch(/^[a-z\d][a-z\d_-]{1,27}$/);
      expect(title.length, id).toBeLessThanOrEqual(80);
      expect(why, id).toMatch(/RFC|CVE|CWE|UTS|OWASP|e-book|oauth2-proxy/);
      expect((await build(attacked.context)).length, id).toBeGreaterThan(0);
    }
  });

  test('attacks a route of the bank', () => {
    expect(attacked.context.path).toBe('/bank/accounts');
  });

  test('forges tokens that the gateway accepts if nothing in them is manipulated', async () => {
    const before = attacked.relay.count;
    expect(await responsesTo(signedToken(attacked.context))).toEqual(['200', '200']);
    expect(attacked.relay.count).toBe(before + 2);
  });
});

/** Those on sessions that are bound to a key are in test/dpop/attack-battery.test.ts. */
const UNBOUND_ATTACKS = ATTACKS.filter((attack) => !attack.needsBoundSession);

const WITHOUT_REDIS: Attack['expect']['stage'][] = ['edge', 'credential', 'signature'];

describe('before the attacks', () => {
  test('the live token is accepted in the header and in the cookie', async () => {
    expect(await responsesTo(attacked.context.live.text)).toEqual(['200', '200']);
  });
});

describe('each attack gets its exact refusal, reaches no bank and runs no unnecessary Redis command', () => {
  test.each(UNBOUND_ATTACKS.map((attack) => [attack.id, attack.title, attack] as const))(
    '%s: %s',
    async (_id, _title, attack) => {
      const { target, context, relay, attackerServer } = attacked;
      const requests = () => ({ bank: relay.count, attackerServer: attackerServer.count });
      const before = requests();
      const { status, code, stage } = attack.expect;
      let count = 0;
      const commands = await redisCommands(async () => {
        const { outcomes, verdict } = await runAttack(target, context, attack);
        count = outcomes.length;
        expect(new Set(outcomes.map(describeOutcome))).toEqual(new Set([`${status} ${code}`]));
        expect(verdict).toBe('rejected');
      });
      expect(requests()).toEqual(before);
      if (stage === 'late') return;
      const lookups = Array.from({ length: WITHOUT_REDIS.includes(stage) ? 0 : count }, () => 'mget');
      expect(commands).toEqual(lookups);
    },
  );
});

describe('after the attacks', () => {
  test('the live token is still accepted and the logged-out token rejected, in the header and in the cookie', async () => {
    expect(await responsesTo(attacked.context.live.text)).toEqual(['200', '200']);
    expect(await responsesTo(attacked.context.loggedOut.text)).toEqual([
      '401 token_revoked',
      '401 token_revoked',
    ]);
  });
});

describe('tokens of the gateway in the wrong place', () => {
  const askBank = (token: string): Promise<string> => bankResponse((where) => asBearer(where, token));

  test("the bank accepts the gateway's assertion; the gateway rejects it in the header and in the cookie", async () => {
    await responsesTo(attacked.context.live.text);
    const assertion = attacked.lastAssertion();
    expect(await askBank(assertion)).toBe('200');
    const commands = await redisCommands(async () =>
      expect(await responsesTo(assertion)).toEqual(['401 token_invalid', '401 token_invalid']),
    );
    expect(commands).toEqual([]);
  });

  test.each<[string, () => string]>([
    ['a live access token', () => attacked.context.live.text],
    ['the claims of an access token under the typ of an assertion', () => relabeledAccessToken()],
    ['an assertion under the typ of an access token', () => assertionWith({ typ: 'at+jwt' }, {})],
    ['an assertion for another service', () => assertionWith({}, { aud: 'another-service' })],
    ['an assertion from another issuer', () => assertionWith({}, { iss: 'https://attacker.example' })],
    ['an assertion with an unknown scope', () => assertionWith({}, { scope: 'everything' })],
    ["an assertion signed with the attacker's key", () => foreignAssertion()],
    [
      'an assertion signed by PS256 with the key of access tokens',
      () => assertionByRsa('PS256', attacked.context.live.kid),
    ],
    [
      'an assertion labeled ES256 that the key of access tokens signed',
      () => assertionByRsa('ES256', attacked.context.assertionKid),
    ],
    [
      'an assertion labeled ES256 under the kid of the key of access tokens',
      () => assertionWith({ kid: attacked.context.live.kid }, {}),
    ],
  ])('the bank itself rejects %s without a Redis command', async (_what, token) => {
    const commands = await redisCommands(async () =>
      expect(await askBank(token())).toBe('401 assertion_invalid'),
    );
    expect(commands).toEqual([]);
  });

  test('the bank itself rejects a request without an assertion, whatever its other headers are', async () => {
    const identity = [`X-Auth-User: ${attacked.context.live.claims.sub}`, 'X-Forwarded-For: 127.0.0.1'];
    const cookie = `Cookie: portcullis=${attacked.context.live.text}`;
    for (const lines of [[], identity, [cookie]])
      expect(await bankResponse((where) => rawRequest(where, { lines }))).toBe('401 assertion_missing');
  });

  const assertionHeader = () => ({
    alg: 'ES256',
    typ: 'portcullis-assertion+jwt',
    kid: attacked.context.assertionKid,
  });

  const assertionClaims = () => ({ ...decodeJwt(attacked.lastAssertion()) });

  const signedAssertion = (changes: Partial<Parameters<typeof forge>[0]>): string =>
    forge({
      header: assertionHeader(),
      payload: assertionClaims(),
      algorithm: 'ES256',
      key: attacked.context.assertionKey,
      ...changes,
    });

  const relabeledAccessToken = (): string => signedAssertion({ payload: attacked.context.live.claims });

  /** The gateway's last assertion with some members changed, signed again with the gateway's key. */
  const assertionWith = (header: object, claims: object): string =>
    signedAssertion({
      header: { ...assertionHeader(), ...header },
      payload: { ...assertionClaims(), ...claims },
    });

  const foreignAssertion = (): string => signedAssertion({ key: attacked.context.attackerKeys.p256 });

  /** Signed with the key of access tokens, under a header for either algorithm. */
  const assertionByRsa = (alg: 'PS256' | 'ES256', kid: string): string =>
    signedAssertion({
      header: { ...assertionHeader(), alg, kid },
      algorithm: 'PS256',
      key: attacked.context.signingKey,
    });

  test('the bank itself accepts the same assertion without changes', async () => {
    expect(await askBank(assertionWith({}, {}))).toBe('200');
  });
});
