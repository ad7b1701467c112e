import { z } from 'zod';
import { readJsonText } from '../../../http/input.ts';
import type { RedisLink } from '../../../redis/connection.ts';
import { Refusal } from '../../../refusal.ts';
import { deleteSessionData, getSessionData, putSessionData } from '../../../sessions/data.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';

export const dataKeySchema = z.string().regex(/^[\w.-]{1,64}$/);

export interface SessionDataDeps {
  redis: RedisLink;
  /** For the keys and texts of one session together. */
  sessionDataMaxBytes: number;
}

/** Hands a route the key in its path, when it is one. */
const withKey =
  (route: (key: string, ...of: Parameters<AuthenticatedRoute>) => Promise<Response>): AuthenticatedRoute =>
  (c, who) => {
    const key = dataKeySchema.safeParse(c.req.param('key'));
    if (key.success) return route(key.data, c, who);
    const errors = [{ field: 'key', message: 'wants 1 to 64 letters, digits, dots, dashes or underscores' }];
    return refuse(c.env, new Refusal('data_key_wrong', { errors }), who.claims);
  };

/** What was put under this key in this session. */
export const readData = ({ redis }: SessionDataDeps): AuthenticatedRoute =>
  withKey(async (key, c, { claims }) => {
    const json = await getSessionData(redis, claims.sub, claims.sid, key);
    if (json === null) return refuse(c.env, new Refusal('data_unknown'), claims);
    return c.body(json, 200, { 'content-type': 'application/json' });
  });

/** Keeps any JSON value under this key, as it was spelled, for as long as the session lives. */
export const writeData = ({ redis, sessionDataMaxBytes }: SessionDataDeps): AuthenticatedRoute =>
  withKey(async (key, c, { claims }) => {
    const json = await readJsonText(c.env.incoming, c.env.outgoing, sessionDataMaxBytes);
    if (json instanceof Refusal) return refuse(c.env, json, claims);
    const item = { key, json, maxBytes: sessionDataMaxBytes };
    const refusal = await putSessionData(redis, claims, item);
    return refusal === undefined ? c.body(null, 204) : refuse(c.env, refusal, claims);
  });

/** Forgets what is under this key. */
export const removeData = ({ redis }: SessionDataDeps): AuthenticatedRoute =>
  withKey(async (key, c, { claims }) => {
    await deleteSessionData(redis, claims.sub, claims.sid, key);
    return c.body(null, 204);
  });
