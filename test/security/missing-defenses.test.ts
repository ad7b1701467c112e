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
      present: 'return isFromSite(incoming, site) ? (cookie as Credential)',
      missing: 'return true ? (cookie as Credential)',
    },
  ],
])('a gateway that %s accepts the attack %s', async ([_what, id, defense], { attackWithout }) => {
  expect(await attackWithout(id, defense)).toMatchObject({ verdict: 'accepted', passed: false });
});
