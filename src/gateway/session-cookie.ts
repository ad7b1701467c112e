import { serialize } from 'hono/utils/cookie';
import type { Site } from './credential.ts';

/**
 * The cookie that carries an access token: no script can read it and no other site can send it. Its value is
 * the token as it is, so that there is nothing to decode and no second spelling.
 */
export const sessionCookie = (site: Site, token: string, maxAgeSeconds: number): string =>
  serialize(site.cookieName, token, { ...attributesOf(site), maxAge: maxAgeSeconds });

/** Takes the cookie away from the browser. */
export const clearedCookie = (site: Site): string =>
  serialize(site.cookieName, '', { ...attributesOf(site), maxAge: 0 });

const attributesOf = (site: Site) => ({
  path: '/',
  httpOnly: true,
  secure: site.secure,
  sameSite: 'Strict' as const,
});
