import { z } from 'zod';
import type { TokenPair } from '../../../sessions/start.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { Site } from '../../site.ts';
import { sessionCookies } from './session-cookies.ts';

/** How a client wants its tokens: in the body, or in cookies that only the browser sees. */
export type Transport = 'bearer' | 'cookie';

const toBothTransports = {
  expires_in: z.int().nonnegative().describe('seconds that the access token lives'),
  session_id: z.string().describe('names the session; it opens nothing'),
};

/** The answer to who keeps the tokens by themself. */
export const bearerResponseSchema = z.strictObject({
  access_token: z.string().describe('a JWT (RFC 9068), for `Authorization: Bearer`'),
  token_type: z.literal('Bearer'),
  expires_in: toBothTransports.expires_in,
  refresh_token: z.string().describe('good for one refresh'),
  session_id: toBothTransports.session_id,
});

/** The answer to a browser, whose cookies hold the tokens. */
export const cookieResponseSchema = z.strictObject(toBothTransports);

/** Hands out a pair of tokens (RFC 6749, section 5.1). With cookies the body holds none of them. */
export function sendTokens(c: GatewayContext, site: Site, pair: TokenPair, transport: Transport): Response {
  const { accessToken, refreshToken, claims } = pair;
  const nowSeconds = Math.floor(c.env.nowMs / 1000);
  const expires_in = Math.max(0, claims.exp - nowSeconds);
  if (transport === 'bearer') {
    const answer: z.output<typeof bearerResponseSchema> = {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in,
      refresh_token: refreshToken,
      session_id: claims.sid,
    };
    return c.json(answer);
  }
  for (const cookie of sessionCookies(site, pair, nowSeconds))
    c.header('set-cookie', cookie, { append: true });
  const answer: z.output<typeof cookieResponseSchema> = { expires_in, session_id: claims.sid };
  return c.json(answer);
}
