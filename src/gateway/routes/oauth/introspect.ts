import { z } from 'zod';
import { formBody, type Operation, ok } from '../../../http/operation.ts';
import { confirmation } from '../../../jwt/confirmation.ts';
import { Refusal } from '../../../refusal.ts';
import { readRefreshTokenStatus } from '../../../sessions/lifetime.ts';
import { type RefreshIdentity, readRefreshToken } from '../../../sessions/refresh-token.ts';
import type { SessionOptions } from '../../../sessions/start.ts';
import { checkWhitelist } from '../../../sessions/whitelist.ts';
import { scopesOf } from '../../../users/roles.ts';
import { logGrant } from '../../decision-log.ts';
import { lacksRequiredBinding, type PossessionDeps } from '../../pipeline/possession.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { tokenTypeOf, tokenTypeSchema } from '../auth/tokens.ts';
import { CLIENT_AUTHENTICATION, type ClientRoute, requireClient } from './client-authentication.ts';
import { type OauthTokenDeps, tokenFormSchema } from './revoke.ts';

/** The response for every token that is not active, whatever the reason (RFC 7662, section 2.2). */
const INACTIVE = { active: false } as const;
const inactiveSchema = z.strictObject({ active: z.literal(false) });

const seconds = z.int().describe('Seconds since 1970');

/** It contains no personal data: `username` is omitted and `sub` is opaque. */
const activeSchema = z.strictObject({
  active: z.literal(true),
  iss: z.string(),
  sub: z.string().describe('User id'),
  sid: z.string().describe('Session id'),
  client_id: z.string(),
  iat: seconds,
  exp: seconds,
  cnf: confirmation
    .optional()
    .describe('What the client has to prove to hold (RFC 7800), if the token is bound'),
  token_type: tokenTypeSchema.optional().describe('Only for access tokens, like all members that follow'),
  scope: z.string().optional(),
  aud: z.string().optional(),
  jti: z.string().optional(),
  auth_time: seconds.optional(),
});
type ActiveToken = z.output<typeof activeSchema>;

const introspectionResponseSchema = z.union([activeSchema, inactiveSchema]).meta({ id: 'Introspection' });

export const introspectOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/oauth/introspect',
  id: 'introspectToken',
  tag: 'OAuth',
  summary: 'Introspect a token (RFC 7662)',
  description: CLIENT_AUTHENTICATION,
  access: { by: 'client' },
  body: formBody(tokenFormSchema),
  responses: ok('The current state of the token.', introspectionResponseSchema),
};

export interface IntrospectDeps extends OauthTokenDeps {
  possession: PossessionDeps;
  options: SessionOptions;
}

/** Checks a token exactly as a proxied request is checked (RFC 7662). Introspection is not activity. */
export const introspect = (deps: IntrospectDeps) =>
  requireClient(deps, 'introspect', tokenFormSchema, describeToken(deps));

const describeToken =
  (deps: IntrospectDeps): ClientRoute<z.output<typeof tokenFormSchema>> =>
  async (c, client, { token }) => {
    const refreshToken = readRefreshToken(deps.refreshKey, token);
    const body =
      refreshToken instanceof Refusal
        ? await describeAccessToken(deps, token, c.env.nowMs)
        : await describeRefreshToken(deps, refreshToken, c.env.nowMs);
    const subject = body.active ? { sub: body.sub, sid: body.sid } : {};
    logGrant(c.env, { client: client.id, ...subject });
    return c.json(body);
  };

/** The scopes are those of the user's current role. The token itself has none. */
async function describeAccessToken(
  { redis, verifyToken, possession }: IntrospectDeps,
  token: string,
  nowMs: number,
): Promise<ActiveToken | typeof INACTIVE> {
  const claims = verifyToken(token, nowMs);
  if (claims instanceof Refusal) return INACTIVE;
  const authorization = await checkWhitelist(redis, claims);
  if (authorization instanceof Refusal) return INACTIVE;
  if (lacksRequiredBinding(possession, claims.cnf, authorization.role)) return INACTIVE;
  const scope = [...scopesOf(authorization.role)].join(' ');
  return { active: true, token_type: tokenTypeOf(claims), scope, ...claims };
}

/**
 * Without a scope, an audience and a token type, so that a service that mistakes a refresh token for an access token
 * finds nothing that would authorize a request.
 */
async function describeRefreshToken(
  { redis, options }: IntrospectDeps,
  identity: RefreshIdentity,
  nowMs: number,
): Promise<ActiveToken | typeof INACTIVE> {
  const status = await readRefreshTokenStatus(redis, identity);
  if (status === undefined || status.endsAt * 1000 <= nowMs) return INACTIVE;
  const { sub, sid } = identity;
  const { clientId: client_id, issuedAt: iat, endsAt: exp, confirmation: cnf } = status;
  const bound = cnf === undefined ? {} : { cnf };
  return { active: true, iss: options.issuer, sub, sid, client_id, iat, exp, ...bound };
}
