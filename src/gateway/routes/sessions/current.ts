import { z } from 'zod';
import type { RedisLink } from '../../../redis/connection.ts';
import { Refusal } from '../../../refusal.ts';
import { readSessionLifetime } from '../../../sessions/list.ts';
import { roleSchema, scopesOf } from '../../../users/roles.ts';
import { findUser } from '../../../users/users.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';

export const sessionResponseSchema = z.strictObject({
  sub: z.string().describe('user id'),
  username: z.string(),
  display_name: z.string(),
  role: roleSchema.describe('as it is now'),
  scope: z.string().describe('what the role may do, divided by spaces'),
  session_id: z.string(),
  client_id: z.string(),
  auth_time: z.int().describe('when the password was given, in seconds since 1970'),
  exp: z.int().describe('when the access token expires, in seconds since 1970'),
  token_expires_in_ms: z.int().nonnegative().describe('when the access token expires'),
  idle_expires_in_ms: z
    .int()
    .nonnegative()
    .describe('when the session ends without activity; asked with `X-Background: 1`, it is not put off'),
  session_expires_in_ms: z.int().nonnegative().describe('when the session ends whatever happens'),
});

/** Who am I: the user, the role as it is now, its scopes, the session, and when it and the token expire. */
export const currentSession =
  ({ redis }: { redis: RedisLink }): AuthenticatedRoute =>
  async (c, { claims, authorization }) => {
    const { sub, sid } = claims;
    const [user, life] = await Promise.all([findUser(redis, sub), readSessionLifetime(redis, sub, sid)]);
    if (user === undefined) return refuse(c.env, new Refusal('user_not_active'), claims);
    if (life === undefined) return refuse(c.env, new Refusal('session_over'), claims);
    const answer: z.output<typeof sessionResponseSchema> = {
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
      idle_expires_in_ms: life.idleMs,
      session_expires_in_ms: Math.max(0, life.endsAt * 1000 - c.env.nowMs),
    };
    return c.json(answer);
  };
