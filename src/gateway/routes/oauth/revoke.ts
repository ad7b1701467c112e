import { z } from 'zod';
import { formBody, type Operation } from '../../../http/operation.ts';
import type { AccessTokenVerifier } from '../../../jwt/access-token.ts';
import { Refusal } from '../../../refusal.ts';
import { endSession } from '../../../sessions/end.ts';
import { readRefreshToken } from '../../../sessions/refresh-token.ts';
import { logGrant } from '../../decision-log.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { recordRevocation } from '../../request-context.ts';
import {
  CLIENT_AUTHENTICATION,
  type ClientDeps,
  type ClientRoute,
  requireClient,
} from './client-authentication.ts';

/**
 * The form of a request about one token. The hint is accepted and not needed, because access tokens and refresh tokens
 * have different forms (it may be ignored: RFC 7009 and RFC 7662, section 2.1).
 */
export const tokenFormSchema = z
  .object({
    token: z.string().min(1).max(4096),
    token_type_hint: z.string().optional(),
  })
  .meta({ id: 'TokenForm' });

export const revokeOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/oauth/revoke',
  id: 'revokeToken',
  tag: 'OAuth',
  summary: 'Revoke a token (RFC 7009)',
  description: `Revoking either token ends the whole session. ${CLIENT_AUTHENTICATION}`,
  access: { by: 'client' },
  body: formBody(tokenFormSchema),
  responses: { 200: { description: 'The token has been revoked, or was not valid.' } },
  refusals: ['revocation_not_durable'],
};

export interface OauthTokenDeps extends ClientDeps {
  verifyToken: AccessTokenVerifier;
  refreshKey: Uint8Array;
}

interface TokenSession {
  sub: string;
  sid: string;
  /** Of an access token only. */
  jti?: string;
}

/**
 * Revokes a token for a registered client (RFC 7009). Either token ends its whole session: section 2.1 requires that
 * for a refresh token and allows it for an access token. A refresh token does so even after it has been rotated. An
 * invalid token gets the same response (section 2.2).
 */
export const revoke = (deps: OauthTokenDeps) =>
  requireClient(deps, 'revoke', tokenFormSchema, endSessionOfToken(deps));

const endSessionOfToken =
  (deps: OauthTokenDeps): ClientRoute<z.output<typeof tokenFormSchema>> =>
  async (c, client, { token }) => {
    const { env } = c;
    const session = await sessionOf(deps, token, env.nowMs);
    if (
      session !== undefined &&
      (await endSession(deps.redis, session.sub, session.sid, { jti: session.jti }))
    ) {
      const event = { actor: client.id, subject: session.sub, session: session.sid };
      await recordRevocation(deps.audit, env, { action: 'token_revoke', result: 'done', ...event });
    }
    logGrant(env, { client: client.id, ...session });
    return c.body(null, 200);
  };

/** The session of a genuine token. An access token must not have expired. */
async function sessionOf(
  { verifyToken, refreshKey }: OauthTokenDeps,
  token: string,
  nowMs: number,
): Promise<TokenSession | undefined> {
  const refreshToken = readRefreshToken(refreshKey, token);
  if (!(refreshToken instanceof Refusal)) return { sub: refreshToken.sub, sid: refreshToken.sid };
  const claims = verifyToken(token, nowMs);
  return claims instanceof Refusal ? undefined : { sub: claims.sub, sid: claims.sid, jti: claims.jti };
}
