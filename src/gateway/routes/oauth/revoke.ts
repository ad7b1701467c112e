import { z } from 'zod';
import type { AccessTokenVerifier } from '../../../jwt/access-token.ts';
import { Refusal } from '../../../refusal.ts';
import { endSession } from '../../../sessions/end.ts';
import { readRefreshToken } from '../../../sessions/refresh-token.ts';
import { logGrant } from '../../decision-log.ts';
import { auditFields } from '../../request-context.ts';
import { type ClientDeps, type ClientRoute, forClients } from './client-authentication.ts';

/**
 * The form of a request about one token. The hint is known and not needed: an access token and a refresh token can't
 * be spelled alike, so looking is as fast without it (RFC 7009 and RFC 7662, section 2.1: it may be ignored).
 */
export const tokenFormSchema = z.object({
  token: z.string().min(1).max(4096),
  token_type_hint: z.string().optional(),
});

export interface OauthTokenDeps extends ClientDeps {
  verifyToken: AccessTokenVerifier;
  refreshKey: Uint8Array;
}

interface SessionOfToken {
  sub: string;
  sid: string;
  /** Of an access token only. */
  jti?: string;
}

/**
 * Ends a token at the wish of a registered client (RFC 7009). Either of a session's tokens takes the whole session
 * with it (section 2.1 wants that of a refresh token and allows it of an access token), because whoever gives one
 * up wants neither to go on. Any refresh token that was ever the session's does, current or not. A token that is
 * none, or not any more, is a 200 like any other (section 2.2).
 */
export const revoke = (deps: OauthTokenDeps) =>
  forClients(deps, 'revoke', tokenFormSchema, endItsSession(deps));

const endItsSession =
  (deps: OauthTokenDeps): ClientRoute<z.output<typeof tokenFormSchema>> =>
  async (c, client, { token }) => {
    const { env } = c;
    const about = await sessionOf(deps, token, env.nowMs);
    if (about !== undefined && (await endSession(deps.redis, about.sub, about.sid, about.jti))) {
      const event = { ...auditFields(env), action: 'token_revoke', result: 'done' } as const;
      await deps.audit.record(
        { ...event, actor: client.id, subject: about.sub, session: about.sid },
        env.nowMs,
      );
    }
    logGrant(env, { client: client.id, ...about });
    return c.body(null, 200);
  };

/** Which session a token belongs to, if it is genuine and, being an access token, has not expired. */
async function sessionOf(
  { verifyToken, refreshKey }: OauthTokenDeps,
  token: string,
  nowMs: number,
): Promise<SessionOfToken | undefined> {
  const refreshToken = readRefreshToken(refreshKey, token);
  if (!(refreshToken instanceof Refusal)) return { sub: refreshToken.sub, sid: refreshToken.sid };
  const claims = await verifyToken(token, nowMs);
  return claims instanceof Refusal ? undefined : { sub: claims.sub, sid: claims.sid, jti: claims.jti };
}
