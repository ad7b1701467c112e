import { serialize } from 'hono/utils/cookie';
import type { TokenPair } from '../../../sessions/start.ts';
import type { Site } from '../../site.ts';

/**
 * Says to a page's own scripts that this browser has logged in, and nothing else: the cookies with the tokens can't be
 * seen by them. It is no credential and is never read here.
 */
const PRESENCE_COOKIE = 'portcullis-present';

/**
 * The cookies that carry a session: no script can read them and no other site can send them. Behind TLS no neighbour
 * host can plant one either: with a refresh token of its own in this browser, whoever comes next would use a stranger's
 * session (RFC 6265bis, section 4.1.3). Their values are the tokens as they are, so that there is nothing to decode and
 * no second spelling. Without `remember` all of them go with the browser window: whoever closes it has left, and who
 * opens the next one is somebody else.
 */
export function sessionCookies(site: Site, pair: TokenPair, nowSeconds: number): string[] {
  const { accessToken, refreshToken, claims, sessionEndsAt, remember } = pair;
  const lastingUntil = (endsAt: number): { maxAge?: number } =>
    remember ? { maxAge: Math.min(Math.max(0, endsAt - nowSeconds), MAX_COOKIE_SECONDS) } : {};
  const access = { ...attributesOf(site), path: '/', ...lastingUntil(claims.exp) };
  const lasting = lastingUntil(sessionEndsAt);
  return [
    serialize(site.cookieName, accessToken, access),
    serialize(site.refreshCookieName, refreshToken, {
      ...attributesOf(site),
      path: site.refreshCookiePath,
      ...lasting,
    }),
    serialize(PRESENCE_COOKIE, '1', { ...presenceAttributesOf(site), ...lasting }),
  ];
}

/** Browsers keep no cookie for longer than 400 days (RFC 6265bis, section 5.5). */
const MAX_COOKIE_SECONDS = 400 * 86_400;

/** Takes the cookies away from the browser. */
export const clearedCookies = (site: Site): string[] => [
  serialize(site.cookieName, '', { ...attributesOf(site), path: '/', maxAge: 0 }),
  serialize(site.refreshCookieName, '', { ...attributesOf(site), path: site.refreshCookiePath, maxAge: 0 }),
  serialize(PRESENCE_COOKIE, '', { ...presenceAttributesOf(site), maxAge: 0 }),
];

const attributesOf = (site: Site) => ({ httpOnly: true, secure: site.secure, sameSite: 'Strict' as const });
const presenceAttributesOf = (site: Site) => ({ ...attributesOf(site), httpOnly: false, path: '/' });
