import { z } from 'zod';
import { LOGGED_IN, type Operation, ok } from '../../../http/operation.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { readSessionLifetime } from '../../../sessions/lifetime.ts';
import { roleSchema, scopesOf } from '../../../users/roles.ts';
import { findUser } from '../../../users/users.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';

export const sessionResponseSchema = z
  .strictObject({
    sub: z.string().describe('User id'),
    username: z.string(),
    display_name: z.string(),
    role: roleSchema.describe('The current role'),
    scope: z.string().describe('The scopes of the role, separated by spaces'),
    session_id: z.string(),
    client_id: z.string(),
    auth_time: z.int().describe('Time of the login in seconds since 1970'),
    exp: z.int().describe('Expiry of the access token in seconds since 1970'),
    token_expires_in_ms: z.int().nonnegative().describe('Time until the access token expires'),
    idle_expires_in_ms: z
      .int()
      .nonnegative()
      .describe(
        'Time until the session ends without activity. A request with `X-Background: 1` is not activity.',
      ),
    session_expires_in_ms: z
      .int()
      .nonnegative()
      .describe('Time until the session ends regardless of activity'),
  })
  .meta({ id: 'CurrentSession' });

export const currentSessionOperation: Operation<GatewayReason> = {
  method: 'get',
  path: '/auth/session',
  id: 'getSession',
  tag: 'Authentication',
  summary: 'Get the current user and session',
  access: LOGGED_IN,
  responses: ok('The user with the current role, and the session.', sessionResponseSchema),
};

export const currentSession =
  ({ redis }: { redis: RedisStore }): AuthenticatedRoute =>
  async (c, { claims, authorization }) => {
    const { sub, sid } = claims;
    const [user, lifetime] = await Promise.all([findUser(redis, sub), readSessionLifetime(redis, sub, sid)]);
    if (user === undefined) return refuse(c.env, new Refusal('user_not_active'), claims);
    if (lifetime === undefined) return refuse(c.env, new Refusal('session_over'), claims);
    const body: z.output<typeof sessionResponseSchema> = {
      sub: user.id,
      username: user.username,
      display_name: user.displayName,
      role: authorization.role,
      scope: [...scopesOf(authorization.role)].join(' '),
      session_id: sid,
      client_id: claims.client_id,
      auth_time: claims.auth_time,
      exp: claims.exp,
      token_expires_in_ms: Math.max(0, claims.exp * 1000 - c.env.nowMs),
      idle_expires_in_ms: lifetime.idleMs,
      session_expires_in_ms: Math.max(0, lifetime.endsAt * 1000 - c.env.nowMs),
    };
    return c.json(body);
  };
