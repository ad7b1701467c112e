import { expect } from 'vitest';
import { authzKey, pendingActionsKey, usernameKey } from '../../../src/redis/keys.ts';
import { definedScripts } from '../../../src/redis/scripts.ts';
import { ACTION_TTL_MS } from '../../../src/users/pending-actions.ts';
import { auditRecords } from '../../audit/audit-records.ts';
import type { TestGateway } from '../../support/gateway.ts';
import type { JsonResponse } from '../../support/requests.ts';
import { until } from '../../support/until.ts';
import { type Member, staffTest } from './staff.ts';

const test = staffTest();

const sha1Of = (name: string): string => definedScripts().find((script) => script.name === name)?.sha1 ?? '';

interface StaffRequest {
  /** What the command contains that changes the target. */
  command: string;
  send(actor: Member, url: string, target: Member): Promise<JsonResponse>;
}

const onTarget = (method: string, path: string, body?: unknown): StaffRequest => ({
  command: sha1Of('user-change'),
  send: (actor, url, { user }) => actor.ask(url, method, `/admin/users/${user.id}/${path}`, body),
});

const REQUESTS: [name: string, request: StaffRequest][] = [
  ['a block', onTarget('POST', 'block')],
  ['an unblock', onTarget('POST', 'unblock')],
  ['a role', onTarget('PUT', 'role', { role: 'super-admin' })],
  ['address ranges', onTarget('PUT', 'ranges', { ranges: ['10.0.0.0/8'] })],
  ['the end of all sessions', onTarget('POST', 'logout')],
  ['a password reset', onTarget('POST', 'password-reset')],
  [
    'the end of one session',
    {
      command: sha1Of('session-end'),
      send: (actor, url, { user, claims }) =>
        actor.ask(url, 'DELETE', `/admin/users/${user.id}/sessions/${claims.sid}`),
    },
  ],
];

/** More requests than a response that does not wait would take. */
async function manyRequests(sender: Member, url: string): Promise<void> {
  for (let i = 0; i < 20; i += 1) await sender.ask(url, 'GET', '/auth/session');
}

/** All keys except those of the actor and the audit log. */
async function othersKeys({ redis }: TestGateway, actor: Member): Promise<Map<string, string>> {
  const all = await redis.dump();
  for (const key of all.keys())
    if (key.includes(actor.user.id) || key.startsWith('audit') || key.startsWith('throttle')) all.delete(key);
  all.delete('super-admins');
  return all;
}

test.for(REQUESTS)(
  '%s that was sent before, and reaches Redis after the actor was blocked, changes nothing',
  async ([, { command, send }], { gateway, distant, relay, staff }) => {
    const [mallory, root, target] = [
      await staff.add('super-admin'),
      await staff.add('super-admin'),
      await staff.add('user'),
    ];
    const { held, release } = relay.hold(command);
    const response = send(mallory, distant.url, target);
    await held;
    const block = await root.ask(gateway.url, 'POST', `/admin/users/${mallory.user.id}/block`);
    expect(block.status).toBe(200);
    const before = await othersKeys(gateway, mallory);
    const recorded = (await auditRecords(gateway.link)).length;
    release();
    expect(await response).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
    await until(async () => (await fetch(`${distant.url}/readyz`)).ok);
    expect(await othersKeys(gateway, mallory)).toEqual(before);
    expect(await auditRecords(gateway.link)).toHaveLength(recorded);
  },
);

test('a super-admin whose creation reaches Redis after its actor was blocked does not exist', async ({
  gateway,
  distant,
  relay,
  staff,
}) => {
  const [mallory, root] = [await staff.add('super-admin'), await staff.add('super-admin')];
  const { held, release } = relay.hold(sha1Of('username-claim'));
  const body = { username: 'backdoor', role: 'super-admin' };
  const response = mallory.ask(distant.url, 'POST', '/admin/users', body);
  await held;
  expect((await root.ask(gateway.url, 'POST', `/admin/users/${mallory.user.id}/block`)).status).toBe(200);
  release();
  expect(await response).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
  await until(async () => (await fetch(`${distant.url}/readyz`)).ok);
  expect(await gateway.link.run((client) => client.get(usernameKey('backdoor')))).toBeNull();
});

const REVOCATIONS: [name: string, method: string, path: (actor: Member) => string, body?: unknown][] = [
  ['a block', 'POST', ({ user }) => `/admin/users/${user.id}/block`],
  ['a demotion', 'PUT', ({ user }) => `/admin/users/${user.id}/role`, { role: 'user' }],
  ['address ranges', 'PUT', ({ user }) => `/admin/users/${user.id}/ranges`, { ranges: ['10.0.0.0/8'] }],
  ['the end of all sessions', 'POST', ({ user }) => `/admin/users/${user.id}/logout`],
  [
    'the end of the session',
    'DELETE',
    ({ user, claims }) => `/admin/users/${user.id}/sessions/${claims.sid}`,
  ],
];

test.for(REVOCATIONS)(
  'the response to %s waits for a change that its user has begun',
  async ([, method, path, body], { gateway, distant, relay, staff }) => {
    const [mallory, root, target] = [
      await staff.add('super-admin'),
      await staff.add('super-admin'),
      await staff.add('user'),
    ];
    const { held, release } = relay.hold(sha1Of('user-change'));
    const change = mallory.ask(distant.url, 'PUT', `/admin/users/${target.user.id}/role`, { role: 'admin' });
    await held;
    const events: string[] = [];
    const revocation = root.ask(gateway.url, method, path(mallory), body).then(async ({ status }) => {
      events.push('revoked');
      return { status, role: (await staff.find(target.user.id)).role };
    });
    await until(async () => (await mallory.ask(gateway.url, 'GET', '/admin/users')).status >= 400);
    events.push('released');
    release();
    expect((await change).status).toBe(200);
    const { status, role } = await revocation;
    expect([status === 200 || status === 204, role]).toEqual([true, 'admin']);
    expect(events).toEqual(['released', 'revoked']);
  },
);

test('logout waits for a change that its session has begun', async ({ gateway, distant, relay, staff }) => {
  const [mallory, target] = [await staff.add('super-admin'), await staff.add('user')];
  const { held, release } = relay.hold(sha1Of('user-change'));
  const change = mallory.ask(distant.url, 'PUT', `/admin/users/${target.user.id}/role`, { role: 'admin' });
  await held;
  const logout = mallory.ask(gateway.url, 'POST', '/auth/logout').then(async ({ status }) => {
    return { status, role: (await staff.find(target.user.id)).role };
  });
  await until(async () => (await mallory.ask(gateway.url, 'GET', '/admin/users')).status === 401);
  await manyRequests(target, gateway.url);
  release();
  expect((await change).status).toBe(200);
  expect(await logout).toEqual({ status: 204, role: 'admin' });
});

test('two super-admins who block each other at once do not wait for each other', async ({
  gateway,
  distant,
  staff,
}) => {
  await staff.add('super-admin');
  const durations: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const [one, two] = [await staff.add('super-admin'), await staff.add('super-admin')];
    const startedAt = performance.now();
    const responses = await Promise.all([
      one.ask(gateway.url, 'POST', `/admin/users/${two.user.id}/block`),
      two.ask(distant.url, 'POST', `/admin/users/${one.user.id}/block`),
    ]);
    durations.push(performance.now() - startedAt);
    for (const { status } of responses) expect([200, 401]).toContain(status);
    expect(responses.some(({ status }) => status === 200)).toBe(true);
  }
  expect(Math.min(...durations)).toBeLessThan(ACTION_TTL_MS);
});

test('a completed staff action leaves no registration behind', async ({ gateway, staff }) => {
  const [ada, target] = [await staff.add('admin'), await staff.add('user')];
  expect((await ada.ask(gateway.url, 'POST', `/admin/users/${target.user.id}/block`)).status).toBe(200);
  expect(await gateway.link.run((client) => client.exists(pendingActionsKey(ada.user.id)))).toBe(0);
  expect(await gateway.link.run((client) => client.exists(authzKey(target.user.id)))).toBe(0);
});
