import { expect } from 'vitest';
import { usernameKey } from '../../../src/redis/keys.ts';
import type { TestGateway } from '../../support/gateway.ts';
import type { JsonResponse } from '../../support/requests.ts';
import { type Member, type Staff, staffTest } from './staff.ts';

const ROUNDS = 50;

const test = staffTest();

interface Race {
  /** What the actor does, and whether it has had an effect. */
  act(actor: Member, url: string, round: number): Promise<JsonResponse>;
  hasEffect(gateway: TestGateway, staff: Staff, round: number): Promise<boolean>;
  revoke(root: Member, url: string, actor: Member): Promise<JsonResponse>;
  /** Gives the actor what was revoked back. */
  restore(staff: Staff, actor: Member): Promise<unknown>;
}

const create: Pick<Race, 'act' | 'hasEffect'> = {
  act: (actor, url, round) =>
    actor.ask(url, 'POST', '/admin/users', { username: `backdoor-${round}`, role: 'super-admin' }),
  hasEffect: async ({ link }, _staff, round) =>
    (await link.run((client) => client.get(usernameKey(`backdoor-${round}`)))) !== null,
};

const RACES: [name: string, race: Race][] = [
  [
    'a block',
    {
      ...create,
      revoke: (root, url, { user }) => root.ask(url, 'POST', `/admin/users/${user.id}/block`),
      restore: (staff, { user }) => staff.change(user.id, { set: { status: 'active' } }),
    },
  ],
  [
    'a demotion',
    {
      ...create,
      revoke: (root, url, { user }) =>
        root.ask(url, 'PUT', `/admin/users/${user.id}/role`, { role: 'admin' }),
      restore: (staff, { user }) => staff.change(user.id, { set: { role: 'super-admin' } }),
    },
  ],
  [
    'a logout',
    {
      ...create,
      revoke: (_root, url, actor) => actor.ask(url, 'POST', '/auth/logout'),
      restore: () => Promise.resolve(),
    },
  ],
];

test.for(RACES)(
  `nothing that a super-admin sends takes effect after the response to %s, in ${ROUNDS} rounds over two gateways`,
  async ([name, race], { gateway, distant, staff }) => {
    const root = await staff.add('super-admin');
    let mallory = await staff.add('super-admin');
    for (let i = 0; i < ROUNDS; i += 1) {
      const round = RACES.findIndex(([other]) => other === name) * ROUNDS + i;
      const acts = [race.act(mallory, distant.url, round)];
      // The revocation arrives at another moment of the action in each round.
      for (let steps = 0; steps < i % 10; steps += 1) await gateway.link.run((client) => client.ping());
      const revocation = await race.revoke(root, gateway.url, mallory);
      const atResponse = await race.hasEffect(gateway, staff, round);
      acts.push(race.act(mallory, distant.url, round));
      const [first, second] = await Promise.all(acts);
      expect([200, 204]).toContain(revocation.status);
      expect(await race.hasEffect(gateway, staff, round)).toBe(atResponse);
      expect(first?.status === 201).toBe(atResponse);
      expect([401, 403]).toContain(second?.status);
      await race.restore(staff, mallory);
      mallory = await staff.logIn(mallory.user);
    }
  },
);
