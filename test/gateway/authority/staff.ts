import type { AccessClaims } from '../../../src/jwt/access-token.ts';
import { loadOrCreateRefreshKey } from '../../../src/keys/refresh-key.ts';
import { fixedRing } from '../../../src/keys/ring.ts';
import { definedScripts } from '../../../src/redis/scripts.ts';
import { Refusal } from '../../../src/refusal.ts';
import { startSession } from '../../../src/sessions/start.ts';
import { changeUser, type UserChange } from '../../../src/users/update.ts';
import { addUser, findUser, type NewUser, type User } from '../../../src/users/users.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import type { TestGateway } from '../../support/gateway.ts';
import { type RedisRelay, startRedisRelay } from '../../support/redis-relay.ts';
import { type JsonResponse, send } from '../../support/requests.ts';
import { startAnotherGateway } from '../../support/sessions.ts';

/** A user with a session that was started without a password. */
export interface Member {
  user: User;
  token: string;
  claims: AccessClaims;
  /** Sends a request to a gateway. */
  ask(url: string, method: string, path: string, body?: unknown): Promise<JsonResponse>;
}

/** Adds users and starts sessions directly in Redis, so that no limit of logins matters. */
export class Staff {
  readonly #gateway: TestGateway;
  #added = 0;

  constructor(gateway: TestGateway) {
    this.#gateway = gateway;
  }

  async add(role: NewUser['role']): Promise<Member> {
    this.#added += 1;
    const username = `member-${this.#added}`;
    const added = { username, displayName: username, passwordHash: 'none', role };
    const user = await addUser(this.#gateway.link, added, new Date());
    if (user instanceof Refusal) throw new Error(user.reason);
    return this.logIn(user);
  }

  /** A new session of the user as they are now. */
  async logIn({ id }: Pick<User, 'id'>): Promise<Member> {
    const { link, ring, settings } = this.#gateway;
    const user = await this.find(id);
    const refreshKey = await loadOrCreateRefreshKey(`${settings.dataDir}/keys`);
    const deps = { redis: link, ring: fixedRing(ring), refreshKey, options: settings };
    const device = { clientId: 'portcullis-web', device: 'a test', address: '127.0.0.1', remember: false };
    const opener = { userId: id, role: user.role, verifiedGeneration: user.generation, ...device };
    const session = await startSession(deps, opener, Date.now());
    if (session instanceof Refusal) throw new Error(session.reason);
    const { accessToken: token, claims } = session;
    const ask: Member['ask'] = (url, method, path, body) => send(url + path, method, { token, body });
    return { user, token, claims, ask };
  }

  async find(id: string): Promise<User> {
    const user = await findUser(this.#gateway.link, id);
    if (user === undefined) throw new Error('there is no such user');
    return user;
  }

  change(id: string, change: UserChange): Promise<unknown> {
    return changeUser(this.#gateway.link, id, () => change);
  }
}

/** A `test` with two gateways over one Redis: `gateway`, and `distant` with a relay in front of Redis. */
export const staffTest = (environment: Record<string, string> = {}) =>
  gatewayTest({ SESSIONS_PER_USER_MAX: '1000', ...environment })
    .extend('relay', { scope: 'file' }, async ({ gateway }, { onCleanup }): Promise<RedisRelay> => {
      // Otherwise a held script would not be known to Redis, and nothing would happen when it is released.
      for (const { source } of definedScripts())
        await gateway.link.run((client) => client.scriptLoad(source));
      const relay = await startRedisRelay(gateway.redis.tcpUrl ?? '');
      onCleanup(() => relay.close());
      return relay;
    })
    .extend('distant', { scope: 'file' }, async ({ gateway, relay }, { onCleanup }) => {
      const settings = { redisUrl: relay.url };
      const distant = await startAnotherGateway(gateway, { settings });
      onCleanup(() => distant.close());
      return distant;
    })
    .extend('staff', { scope: 'file' }, ({ gateway }) => new Staff(gateway));
