import { z } from 'zod';
import { roleSchema, scopesOf } from '../../identity/roles.ts';
import { findUser } from '../../identity/users.ts';
import type { RedisLink } from '../../redis/connect.ts';
import { Refusal } from '../../refusal.ts';
import type { AdmittedRoute } from '../admission.ts';
import { refuse } from '../arrival.ts';

export const sessionAnswerSchema = z.strictObject({
  sub: z.string().describe('user id'),
  username: z.string(),
  display_name: z.string(),
  role: roleSchema.describe('as it is now'),
  scope: z.string().describe('what the role may do, divided by spaces'),
  session_id: z.string(),
  client_id: z.string(),
  auth_time: z.int().describe('when the password was given, in seconds since 1970'),
  exp: z.int().describe('when the access token expires, in seconds since 1970'),
});

/** Who am I: the user, the role as it is now, its scopes, the session, and when the token expires. */
export const currentSession =
  ({ redis }: { redis: RedisLink }): AdmittedRoute =>
  async (c, { claims, standing }) => {
    const user = await findUser(redis, claims.sub);
    if (user === undefined) return refuse(c.env, new Refusal('user_not_active'), claims);
    c.header('cache-control', 'no-store');
    const answer: z.output<typeof sessionAnswerSchema> = {
      sub: user.id,
      username: user.username,
      display_name: user.displayName,
      role: standing.role,
      scope: [...scopesOf(standing.role)].join(' '),
      session_id: claims.sid,
      client_id: claims.client_id,
      auth_time: claims.auth_time,
      exp: claims.exp,
    };
    return c.json(answer);
  };
