import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Attack } from '../../src/probe/attack.ts';
import { ATTACKS, runAttack } from '../../src/probe/battery.ts';
import { exchange } from '../../src/probe/raw-request.ts';
import { asBearer, asCookie, rawRequest } from '../../src/probe/requests.ts';
import { byAStranger, byTheSigner } from '../../src/probe/variations.ts';
import { describe as answerText } from '../../src/probe/verdict.ts';
import { type AttackedGateway, startAttackedGateway } from './attacked-gateway.ts';

let attacked: AttackedGateway;
beforeAll(async () => {
  attacked = await startAttackedGateway();
});
afterAll(() => attacked.close());

/** The work that Redis has done for anybody and how much of it was the whitelist's look-up. */
async function redisWork(): Promise<{ commands: number; lookUps: number }> {
  const stats = await attacked.gateway.link.run((client) => client.info('commandstats'));
  const lookUps = Number(/^cmdstat_mget:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
  return { commands: await attacked.gateway.redis.commandCount(), lookUps };
}

/** The live token, in the header and in the cookie, or any other. */
async function answersTo(token: string): Promise<string[]> {
  const { target, material } = attacked;
  const requests = [asBearer(material, token), asCookie(material, token)];
  return Promise.all(requests.map(async (request) => answerText(await exchange(target, request))));
}

describe('the battery', () => {
  test('has at least sixty cases, each with a name of its own, a reason and something to send', async () => {
    expect(ATTACKS.length).toBeGreaterThanOrEqual(60);
    for (const member of ['id', 'title'] as const)
      expect(new Set(ATTACKS.map((attack) => attack[member])).size).toBe(ATTACKS.length);
    for (const { id, title, why, build } of ATTACKS) {
      expect(id, id).toMatch(/^[a-z\d][a-z\d_-]{1,27}$/);
      expect(title.length, id).toBeLessThanOrEqual(80);
      expect(why, id).toMatch(/RFC|CVE|CWE|UTS|OWASP|e-book|oauth2-proxy/);
      expect((await build(attacked.material)).length, id).toBeGreaterThan(0);
    }
  });

  test('attacks a route that leads to the bank', () => {
    expect(attacked.material.path).toBe('/bank/accounts');
  });

  test('is made by a forger whose untampered token gets in: only the tampering is refused', async () => {
    const before = attacked.relay.count;
    expect(await answersTo(byTheSigner(attacked.material, {}))).toEqual(['200', '200']);
    expect(attacked.relay.count).toBe(before + 2);
  });
});

const FREE_OF_REDIS: Attack['expect']['stage'][] = ['listen', 'credential', 'signature'];

describe('the live token gets in before the attacks', () => {
  test('in the header and in the cookie', async () => {
    expect(await answersTo(attacked.material.live.text)).toEqual(['200', '200']);
  });
});

describe('an attack is answered as it has to be, and neither the bank nor, where it need not, Redis hears of it', () => {
  test.each(ATTACKS.map((attack) => [attack.id, attack.title, attack] as const))(
    '%s: %s',
    async (_id, _title, attack) => {
      const { target, material, relay, lure } = attacked;
      const before = { bank: relay.count, lure: lure.count, redis: await redisWork() };
      const { outcomes, verdict } = await runAttack(target, material, attack);
      const after = { bank: relay.count, lure: lure.count, redis: await redisWork() };

      const { status, code, stage } = attack.expect;
      expect(new Set(outcomes.map(answerText))).toEqual(new Set([`${status} ${code}`]));
      expect(verdict).toBe('refused');
      expect(after.bank, 'requests that reached the bank').toBe(before.bank);
      expect(after.lure, 'keys that were fetched from the attacker').toBe(before.lure);
      const asked = FREE_OF_REDIS.includes(stage) ? 0 : outcomes.length;
      expect(after.redis.lookUps - before.redis.lookUps, 'look-ups in the whitelist').toBe(asked);
      expect(after.redis.commands - before.redis.commands, 'commands of any kind').toBe(asked);
    },
  );
});

describe('the live token gets in after the attacks', () => {
  test('in the header and in the cookie, and the one that was logged out in neither', async () => {
    expect(await answersTo(attacked.material.live.text)).toEqual(['200', '200']);
    expect(await answersTo(attacked.material.loggedOut.text)).toEqual([
      '401 token_revoked',
      '401 token_revoked',
    ]);
  });
});

describe('tokens of the gateway in the wrong place', () => {
  /** Asks the bank itself, past the gateway. */
  const askBank = async (token: string): Promise<string> => {
    const origin = new URL(attacked.bank.url);
    return answerText(await exchange({ origin }, asBearer({ host: origin.host, path: '/accounts' }, token)));
  };

  test("the bank takes the gateway's assertion; the gateway takes it neither in the header nor in the cookie", async () => {
    await answersTo(attacked.material.live.text);
    const assertion = attacked.lastAssertion();
    expect(await askBank(assertion)).toBe('200');
    const before = await redisWork();
    expect(await answersTo(assertion)).toEqual(['401 token_invalid', '401 token_invalid']);
    expect(await redisWork()).toEqual(before);
  });

  test.each<[string, () => string]>([
    ['a live access token', () => attacked.material.live.text],
    ['the claims of an access token under the typ of an assertion', () => relabelledAccessToken()],
    ['an assertion under the typ of an access token', () => assertionWith({ typ: 'at+jwt' }, {})],
    ['an assertion to another service', () => assertionWith({}, { aud: 'another-service' })],
    ['an assertion of another issuer', () => assertionWith({}, { iss: 'https://attacker.example' })],
    [
      'an assertion that claims a scope that does not exist',
      () => assertionWith({}, { scope: 'everything' }),
    ],
    ["an assertion that was signed with an attacker's key", () => foreignAssertion()],
  ])('the bank itself refuses %s, and asks nothing of Redis', async (_what, token) => {
    const before = await redisWork();
    expect(await askBank(token())).toBe('401 assertion_invalid');
    expect(await redisWork()).toEqual(before);
  });

  test('the bank itself refuses whoever comes without an assertion, whatever their headers say', async () => {
    const origin = new URL(attacked.bank.url);
    const where = { host: origin.host, path: '/accounts' };
    const lines = [`X-Auth-User: ${attacked.material.live.claims.sub}`, 'X-Forwarded-For: 127.0.0.1'];
    const cookie = `Cookie: portcullis=${attacked.material.live.text}`;
    for (const set of [[], lines, [cookie]])
      expect(answerText(await exchange({ origin }, rawRequest(where, { lines: set })))).toBe(
        '401 assertion_missing',
      );
  });

  const assertionHeader = () => ({
    alg: 'PS256',
    typ: 'portcullis-assertion+jwt',
    kid: attacked.material.live.kid,
  });

  const assertionClaims = () => ({ ...decodeJwt(attacked.lastAssertion()) });

  const relabelledAccessToken = (): string => byTheSigner(attacked.material, { header: assertionHeader() });

  /** The gateway's last assertion, signed again with its own key, with something changed. */
  const assertionWith = (header: object, claims: object): string =>
    byTheSigner(attacked.material, {
      header: { ...assertionHeader(), ...header },
      payload: { ...assertionClaims(), ...claims },
    });

  const foreignAssertion = (): string =>
    byAStranger(attacked.material, { header: assertionHeader(), payload: assertionClaims() });

  test('the bank itself takes the assertion that those were made of', async () => {
    expect(await askBank(assertionWith({}, {}))).toBe('200');
  });
});
