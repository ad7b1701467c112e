import { z } from 'zod';
import { Refusal } from '../../../refusal.ts';
import type { SessionTerms } from '../../../sessions/options.ts';
import { type RefreshIdentity, readRefreshToken } from '../../../sessions/refresh-token.ts';
import { askRefreshToken } from '../../../sessions/refresh-token-status.ts';
import { askWhitelist } from '../../../sessions/whitelist.ts';
import { scopesOf } from '../../../users/roles.ts';
import { logGrant } from '../../request-context.ts';
import { type ClientRoute, forClients } from './client-authentication.ts';
import { type TokenParts, tokenFormSchema } from './revoke.ts';

export interface IntrospectParts extends TokenParts {
  terms: SessionTerms;
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

export const introspectionAnswerSchema = z.union([activeSchema, inactiveSchema]);

/**
 * Tells a registered client whether a token is alive now, by the same questions that a request through the gateway
 * is judged by (RFC 7662). Asking is no activity: it keeps no session from being idle.
 */
export const introspect = (parts: IntrospectParts) =>
  forClients(parts, 'introspect', tokenFormSchema, tellOf(parts));

const tellOf =
  (parts: IntrospectParts): ClientRoute<z.output<typeof tokenFormSchema>> =>
  async (c, client, { token }) => {
    const refreshToken = readRefreshToken(parts.refreshKey, token);
    const answer =
      refreshToken instanceof Refusal
        ? await tellOfAccessToken(parts, token, c.env.nowMs)
        : await tellOfRefreshToken(parts, refreshToken, c.env.nowMs);
    const about = answer.active ? { sub: answer.sub, sid: answer.sid } : {};
    logGrant(c.env, { client: client.id, ...about });
    return c.json(answer);
  };

/** The scopes are those of the user's role as Redis has it now; the token itself has none. */
async function tellOfAccessToken(
  { redis, verifyToken }: IntrospectParts,
  token: string,
  nowMs: number,
): Promise<ActiveToken | typeof INACTIVE> {
  const claims = await verifyToken(token, nowMs);
  if (claims instanceof Refusal) return INACTIVE;
  const standing = await askWhitelist(redis, claims);
  if (standing instanceof Refusal) return INACTIVE;
  const scope = [...scopesOf(standing.role)].join(' ');
  return { active: true, token_type: 'Bearer', scope, ...claims };
}

/**
 * A refresh token has no scope, no audience and no token type in the answer: a service that takes it for an access
 * token because it is active finds nothing in it that would let anybody in.
 */
async function tellOfRefreshToken(
  { redis, terms }: IntrospectParts,
  identity: RefreshIdentity,
  nowMs: number,
): Promise<ActiveToken | typeof INACTIVE> {
  const standing = await askRefreshToken(redis, identity);
  if (standing === undefined || standing.endsAt * 1000 <= nowMs) return INACTIVE;
  const { sub, sid } = identity;
  const { clientId: client_id, issuedAt: iat, endsAt: exp } = standing;
  return { active: true, iss: terms.issuer, sub, sid, client_id, iat, exp };
}
