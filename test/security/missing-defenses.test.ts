import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ATTACKS, type AttackResult, runAttack } from '../../src/probe/battery.ts';
import { prepareAttacks } from '../../src/probe/prepare.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { copyWithout, type Defense } from '../support/source-copy.ts';

const test = gatewayTest().extend('attackWithout', ({ gateway, upstream }, { onCleanup }) => {
  const cleanups: (() => Promise<unknown>)[] = [];
  onCleanup(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });
  /** Runs one attack against a copy of the gateway that lacks the defense. */
  return async (id: string, defense: Defense): Promise<AttackResult> => {
    const copy = await copyWithout(defense);
    cleanups.push(() => rm(copy, { recursive: true, force: true }));
    const env = {
      REDIS_URL: gateway.redis.url,
      SIGNING_KEY: gateway.signingKeyPem,
      DATA_DIR: gateway.settings.dataDir,
      BANK_URL: upstream.url,
      ISSUER: gateway.settings.issuer,
    };
    const { url, stop } = await startGatewayProcess(env, join(copy, 'src/main.ts'));
    cleanups.push(stop);
    const target = { origin: new URL(url) };
    const context = await prepareAttacks(target, { username: 'bob', password: 'foobared' });
    const attack = ATTACKS.find((candidate) => candidate.id === id);
    if (attack === undefined) throw new Error(`there is no attack ${id}`);
    return runAttack(target, context, attack);
  };
});

test.for<[string, string, Defense]>([
  [
    'does not judge a request again when its body is complete',
    'late-body-proxied',
    {
      file: 'gateway/pipeline/body.ts',
      present: 'if (wasComplete) return { granted, body };',
      missing: 'return { granted, body };',
    },
  ],
  [
    'gives the successor of a refresh token to any client',
    'refresh-superseded',
    { file: 'sessions/refresh/script.ts', present: ' or client ~= session.client then', missing: ' then' },
  ],
  [
    'does not ask which site a request with a cookie comes from',
    'cross-site-write',
    {
      file: 'gateway/pipeline/credential.ts',
      present: 'return isFromSite(incoming, site)',
      missing: 'return true',
    },
  ],
  [
    'accepts a proof twice',
    'dpop-replayed',
    {
      file: 'sessions/whitelist.ts',
      present: "if isUsedProof(proofKey, proofMs) then return 'replayed' end",
      missing: '',
    },
  ],
  [
    'takes a bound token as a bearer token if it comes with its proof',
    'dpop-as-bearer',
    {
      file: 'gateway/pipeline/possession.ts',
      present: "scheme !== 'cookie' && scheme !== schemeOfToken",
      missing: 'false',
    },
  ],
  [
    'takes a proof of any key',
    'dpop-other-key',
    { file: 'gateway/pipeline/possession.ts', present: 'proof.jkt === jkt', missing: 'true' },
  ],
  [
    'does not compare the URL of a proof',
    'dpop-htu-slash',
    { file: 'jwt/dpop/proof.ts', present: '!urls.includes(claims.htu)', missing: 'false' },
  ],
])('a gateway that %s accepts the attack %s', async ([_what, id, defense], { attackWithout }) => {
  expect(await attackWithout(id, defense)).toMatchObject({ verdict: 'accepted', passed: false });
});
