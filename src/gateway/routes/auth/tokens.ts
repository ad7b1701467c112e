import { serialize } from 'hono/utils/cookie';
import { z } from 'zod';
import type { AccessClaims } from '../../../jwt/access-token.ts';
import { accessTokenHash } from '../../../jwt/dpop/proof.ts';
import type { TokenPair } from '../../../sessions/start.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { Site } from '../../site.ts';
import type { IssuedDevice } from './device.ts';

/** How a client receives its tokens: in the body, or in cookies that scripts cannot read. */
export type Transport = 'bearer' | 'cookie';

const common = {
  expires_in: z.int().nonnegative().describe('Lifetime of the access token in seconds'),
  session_id: z.string().describe('Identifies the session. It is not a credential.'),
};

/** How a token is to be presented (RFC 6750; RFC 9449, section 5). */
export const tokenTypeSchema = z.enum(['Bearer', 'DPoP']);

export const tokenTypeOf = ({ cnf }: Pick<AccessClaims, 'cnf'>): z.output<typeof tokenTypeSchema> =>
  cnf !== undefined && 'jkt' in cnf ? 'DPoP' : 'Bearer';

export const bearerResponseSchema = z
  .strictObject({
    access_token: z.string().describe('A JWT (RFC 9068) for `Authorization: <token_type>`'),
    token_type: tokenTypeSchema,
    expires_in: common.expires_in,
    refresh_token: z.string().describe('Can be used once'),
    session_id: common.session_id,
    device_token: z
      .string()
      .optional()
      .describe(
        'After a login: to be sent with the next login of this user from this device. Not a credential.',
      ),
  })
  .meta({ id: 'BearerTokens' });

export const cookieResponseSchema = z.strictObject(common).meta({ id: 'CookieTokens' });

export const TOKEN_RESPONSES = {
  200: {
    description: 'A pair of tokens, in the body or in cookies that scripts cannot read.',
    schema: z.union([bearerResponseSchema, cookieResponseSchema]).meta({ id: 'Tokens' }),
    headers: { 'Set-Cookie': 'The tokens, if cookies were requested; at a login also the device token' },
  },
};

/** Sends a pair of tokens (RFC 6749, section 5.1). With cookies the body contains neither. */
export function sendTokens(
  c: GatewayContext,
  site: Site,
  pair: TokenPair,
  transport: Transport,
  device?: IssuedDevice,
): Response {
  const { accessToken, refreshToken, claims } = pair;
  const nowSeconds = Math.floor(c.env.nowMs / 1000);
  const expires_in = Math.max(0, claims.exp - nowSeconds);
  if (transport === 'bearer') {
    const body: z.output<typeof bearerResponseSchema> = {
      access_token: accessToken,
      token_type: tokenTypeOf(claims),
      expires_in,
      refresh_token: refreshToken,
      session_id: claims.sid,
      ...(device === undefined ? {} : { device_token: device.token }),
    };
    return c.json(body);
  }
  const cookies = sessionCookies(site, pair, nowSeconds);
  if (device !== undefined) cookies.push(deviceCookieLine(site, device));
  for (const cookie of cookies) c.header('set-cookie', cookie, { append: true });
  const body: z.output<typeof cookieResponseSchema> = { expires_in, session_id: claims.sid };
  return c.json(body);
}

/** Browsers keep a cookie for at most 400 days (RFC 6265bis, section 5.5). */
const MAX_COOKIE_SECONDS = 400 * 86_400;

/**
 * Tells the page's scripts that this browser has logged in, because they cannot see the cookies with the tokens. It is
 * not a credential, and the gateway never reads it. For a session that is bound to a key it is `<jkt>.<ath>`, with which
 * they find the key and write proofs for the token in the cookie (RFC 9449); otherwise it is `1`.
 */
const presenceOf = ({ accessToken, claims: { cnf } }: TokenPair): string =>
  cnf !== undefined && 'jkt' in cnf ? `${cnf.jkt}.${accessTokenHash(accessToken)}` : '1';

/**
 * The cookies of a session. Scripts cannot read the tokens and other sites cannot send them. Behind TLS a sibling
 * host cannot plant them either, which would log the user in to an attacker's session (RFC 6265bis, section 4.1.3).
 * Without `remember` they are session cookies, so that the next person at a shared computer is logged out.
 */
function sessionCookies(site: Site, pair: TokenPair, nowSeconds: number): string[] {
  const { accessToken, refreshToken, claims, sessionEndsAt, remember } = pair;
  const maxAge = (endsAt: number): { maxAge?: number } =>
    remember ? { maxAge: Math.min(Math.max(0, endsAt - nowSeconds), MAX_COOKIE_SECONDS) } : {};
  const { access, refresh, presence } = cookieAttributes(site);
  const untilSessionEnds = maxAge(sessionEndsAt);
  return [
    serialize(site.cookieName, accessToken, { ...access, ...maxAge(claims.exp) }),
    serialize(site.refreshCookieName, refreshToken, { ...refresh, ...untilSessionEnds }),
    serialize(site.presenceCookieName, presenceOf(pair), { ...presence, ...untilSessionEnds }),
  ];
}

/** The cookie of a device that the user has logged in from. It outlives the session, and a logout keeps it. */
const deviceCookieLine = (site: Site, { token, maxAgeSeconds: maxAge }: IssuedDevice): string =>
  serialize(site.deviceCookieName, token, { ...cookieAttributes(site).refresh, maxAge });

/** Deletes the cookies of a session from the browser. */
export function clearedCookies(site: Site): string[] {
  const { access, refresh, presence } = cookieAttributes(site);
  return [
    serialize(site.cookieName, '', { ...access, maxAge: 0 }),
    serialize(site.refreshCookieName, '', { ...refresh, maxAge: 0 }),
    serialize(site.presenceCookieName, '', { ...presence, maxAge: 0 }),
  ];
}

function cookieAttributes({ secure, refreshCookiePath }: Site) {
  const access = { httpOnly: true, secure, sameSite: 'Strict', path: '/' } as const;
  return {
    access,
    refresh: { ...access, path: refreshCookiePath },
    presence: { ...access, httpOnly: false },
  };
}
