import type { RedisLink } from '../../redis/connect.ts';
import { unlistToken } from '../../token/whitelist.ts';
import type { AdmittedRoute } from '../admission.ts';
import type { Site } from '../credential.ts';
import { clearedCookie } from '../session-cookie.ts';

/** Ends the token that the request came with. It is dead before the answer leaves. */
export const logout =
  ({ redis, site }: { redis: RedisLink; site: Site }): AdmittedRoute =>
  async (c, { claims }) => {
    await unlistToken(redis, claims);
    c.header('set-cookie', clearedCookie(site));
    c.header('cache-control', 'no-store');
    return c.body(null, 204);
  };
