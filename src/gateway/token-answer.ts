import type { TokenPair } from '../session/start.ts';
import type { GatewayContext } from './admission.ts';
import type { Site } from './credential.ts';
import { sessionCookies } from './session-cookie.ts';

/** How a client wants its tokens: in the body, or in cookies that only the browser sees. */
export type Transport = 'bearer' | 'cookie';

/** Hands out a pair of tokens (RFC 6749, section 5.1). With cookies the body holds none of them. */
export function answerWithTokens(
  c: GatewayContext,
  site: Site,
  pair: TokenPair,
  transport: Transport,
): Response {
  const { accessToken, refreshToken, claims } = pair;
  const nowSeconds = Math.floor(c.env.nowMs / 1000);
  const expires_in = Math.max(0, claims.exp - nowSeconds);
  c.header('cache-control', 'no-store');
  if (transport === 'bearer') {
    return c.json({
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in,
      refresh_token: refreshToken,
      session_id: claims.sid,
    });
  }
  for (const cookie of sessionCookies(site, pair, nowSeconds))
    c.header('set-cookie', cookie, { append: true });
  return c.json({ expires_in, session_id: claims.sid });
}
