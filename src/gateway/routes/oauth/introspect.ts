import { z } from 'zod';
import { Refusal } from '../../../refusal.ts';
import { readRefreshTokenStatus } from '../../../sessions/refresh.ts';
import { type RefreshIdentity, readRefreshToken } from '../../../sessions/refresh-token.ts';
import type { SessionOptions } from '../../../sessions/start.ts';
import { checkWhitelist } from '../../../sessions/whitelist.ts';
import { scopesOf } from '../../../users/roles.ts';
import { logGrant } from '../../decision-log.ts';
import { type ClientRoute, forClients } from './client-authentication.ts';
import { type OauthTokenDeps, tokenFormSchema } from './revoke.ts';

export interface IntrospectDeps extends OauthTokenDeps {
  options: SessionOptions;
}

/** What is told of a token that is not alive, whatever the reason (RFC 7662, section 2.2). */
const INACTIVE = { active: false } as const;
const inactiveSchema = z.strictObject({ active: z.literal(false) });

const seconds = z.int().describe('seconds since 1970');

/** A token that is alive. Personal data is in none of it: `username` is left out, `sub` is opaque. */
const activeSchema = z.strictObject({
  active: z.literal(true),
  iss: z.string(),
  sub: z.string().describe('user id'),
  sid: z.string().describe('session id'),
  client_id: z.string(),
  iat: seconds,
  exp: seconds,
  token_type: z.literal('Bearer').optional().describe('of an access token only, as is all that follows'),
  scope: z.string().optional(),
  aud: z.string().optional(),
  jti: z.string().optional(),
  auth_time: seconds.optional(),
});
type ActiveToken = z.output<typeof activeSchema>;

export const introspectionResponseSchema = z.union([activeSchema, inactiveSchema]);

/**
 * Tells a registered client whether a token is alive now, by the same questions that a request through the gateway
 * is judged by (RFC 7662). Asking is no activity: it keeps no session from being idle.
 */
export const introspect = (deps: IntrospectDeps) =>
  forClients(deps, 'introspect', tokenFormSchema, tellOf(deps));

const tellOf =
  (deps: IntrospectDeps): ClientRoute<z.output<typeof tokenFormSchema>> =>
  async (c, client, { token }) => {
    const refreshToken = readRefreshToken(deps.refreshKey, token);
    const answer =
      refreshToken instanceof Refusal
        ? await tellOfAccessToken(deps, token, c.env.nowMs)
        : await tellOfRefreshToken(deps, refreshToken, c.env.nowMs);
    const about = answer.active ? { sub: answer.sub, sid: answer.sid } : {};
    logGrant(c.env, { client: client.id, ...about });
    return c.json(answer);
  };

/** The scopes are those of the user's role as Redis has it now; the token itself has none. */
async function tellOfAccessToken(
  { redis, verifyToken }: IntrospectDeps,
  token: string,
  nowMs: number,
): Promise<ActiveToken | typeof INACTIVE> {
  const claims = await verifyToken(token, nowMs);
  if (claims instanceof Refusal) return INACTIVE;
  const authorization = await checkWhitelist(redis, claims);
  if (authorization instanceof Refusal) return INACTIVE;
  const scope = [...scopesOf(authorization.role)].join(' ');
  return { active: true, token_type: 'Bearer', scope, ...claims };
}

/**
 * A refresh token has no scope, no audience and no token type in the answer: a service that takes it for an access
 * token because it is active finds nothing in it that would let anybody in.
 */
async function tellOfRefreshToken(
  { redis, options }: IntrospectDeps,
  identity: RefreshIdentity,
  nowMs: number,
): Promise<ActiveToken | typeof INACTIVE> {
  const authorization = await readRefreshTokenStatus(redis, identity);
  if (authorization === undefined || authorization.endsAt * 1000 <= nowMs) return INACTIVE;
  const { sub, sid } = identity;
  const { clientId: client_id, issuedAt: iat, endsAt: exp } = authorization;
  return { active: true, iss: options.issuer, sub, sid, client_id, iat, exp };
}
