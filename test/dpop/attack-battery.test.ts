import { createPrivateKey } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import { ATTACKS, describe as describeOutcome, runAttack } from '../../src/probe/battery.ts';
import { controlsAfter, controlsBefore } from '../../src/probe/controls.ts';
import { prepareAttacks } from '../../src/probe/prepare.ts';
import { auditRecords } from '../oauth/oauth-gateway.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { startTestGateway } from '../support/gateway.ts';
import { startUpstream } from '../support/upstream.ts';

const DPOP_ATTACKS = ATTACKS.filter((attack) => attack.needsBoundSession);
/** Requests that are right, which an attack sends before. */
const RIGHT_REQUESTS: Readonly<Record<string, number>> = { 'dpop-replayed': 2 };

/** A host with letters, so that there are look-alikes of it. */
const test = gatewayTest({ ISSUER: 'http://localhost:8080' })
  .extend('attackerServer', { scope: 'file' }, async ({}, { onCleanup }) => {
    const server = await startUpstream();
    onCleanup(() => server.close());
    return server;
  })
  .extend('target', ({ gateway }) => ({ origin: new URL(gateway.url) }))
  .extend('context', { scope: 'file' }, ({ gateway, attackerServer }) =>
    prepareAttacks(
      { origin: new URL(gateway.url) },
      {
        ...{ username: 'bob', password: 'foobared' },
        signingKey: createPrivateKey(gateway.signingKeyPem),
        attackerUrl: `${attackerServer.url}/keys.json`,
      },
    ),
  );

const passed = (controls: readonly { title: string; passed: boolean }[]) =>
  Object.fromEntries(controls.map((control) => [control.title, control.passed]));

test('before the attacks, the bound token is accepted with a proof', async ({ target, context }) => {
  expect(passed(await controlsBefore(target, context))).toMatchObject({
    'the bound token is accepted with a proof, before the attacks': true,
  });
});

test.for(DPOP_ATTACKS.map((attack) => [attack.id, attack.title, attack] as const))(
  '%s: %s gets its exact refusal, reaches no upstream, and Redis only if it has to',
  async ([id, , attack], { target, context, gateway, upstream, attackerServer }) => {
    const before = upstream.count;
    const { status, code, stage } = attack.expect;
    const commands = await gateway.redis.commandsDuring(async () => {
      const { outcomes, verdict } = await runAttack(target, context, attack);
      expect(new Set(outcomes.map(describeOutcome))).toEqual(new Set([`${status} ${code}`]));
      expect(verdict).toBe('rejected');
    });
    expect(upstream.count - before).toBe(RIGHT_REQUESTS[id] ?? 0);
    expect(attackerServer.count).toBe(0);
    if (stage !== 'late') expect(commands).toEqual([]);
  },
);

test('after the attacks, the bound session is used and refreshed, and none counted as a reuse', async ({
  target,
  context,
  gateway,
}) => {
  expect(passed(await controlsAfter(target, context))).toEqual({
    'the unmodified token is accepted, after the attacks': true,
    'the bound token is accepted with a proof, after the attacks': true,
    'the bound session refreshes, after the attacks': true,
  });
  const actions = (await auditRecords(gateway)).map(({ action }) => action);
  expect(actions).toContain('login');
  expect(actions).not.toContain('refresh_reuse');
});

test.for(['off', 'required'])(
  'every attack is rejected by a gateway with DPOP_NONCES=%s',
  async (nonces, { upstream }) => {
    const gateway = await startTestGateway({ BANK_URL: upstream.url, DPOP_NONCES: nonces });
    onTestFinished(() => gateway.close());
    const target = { origin: new URL(gateway.url) };
    const context = await prepareAttacks(target, { username: 'bob', password: 'foobared' });
    for (const attack of DPOP_ATTACKS)
      expect([attack.id, (await runAttack(target, context, attack)).verdict]).toEqual([
        attack.id,
        'rejected',
      ]);
    expect((await controlsAfter(target, context)).filter((control) => !control.passed)).toEqual([]);
  },
);
