import { z } from 'zod';
import { jsonBody, LOGGED_IN, NO_CONTENT, type Operation, ok } from '../../../http/operation.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { deleteSessionData, getSessionData, putSessionData } from '../../../sessions/data.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';

const keySchema = z.string().regex(/^[\w.-]{1,64}$/);
const anyJson = z.unknown().describe('any JSON value');
const atKey = {
  path: '/auth/session/data/{key}',
  tag: 'Sessions',
  access: LOGGED_IN,
  parameters: { path: z.strictObject({ key: keySchema }) },
} as const;

export const sessionDataOperations: readonly Operation<GatewayReason>[] = [
  {
    ...atKey,
    method: 'get',
    id: 'readSessionData',
    summary: 'Read session data',
    responses: ok('The value as it was written.', anyJson),
    refusals: ['data_key_wrong', 'data_unknown'],
  },
  {
    ...atKey,
    method: 'put',
    id: 'writeSessionData',
    summary: 'Store session data until the session ends',
    description:
      'The keys and values of a session together have a maximum size, 4 KiB unless configured otherwise.',
    body: jsonBody(anyJson),
    responses: NO_CONTENT,
    refusals: ['data_key_wrong', 'session_data_full'],
  },
  {
    ...atKey,
    method: 'delete',
    id: 'removeSessionData',
    summary: 'Delete session data',
    responses: NO_CONTENT,
    refusals: ['data_key_wrong'],
  },
];

export interface SessionDataDeps {
  redis: RedisStore;
  /** For all keys and values of one session together. */
  sessionDataMaxBytes: number;
}

/** Checks the key in the path and passes it to a route. */
const withKey =
  (route: (key: string, ...of: Parameters<AuthenticatedRoute>) => Promise<Response>): AuthenticatedRoute =>
  (c, who) => {
    const key = keySchema.safeParse(c.req.param('key'));
    if (key.success) return route(key.data, c, who);
    const message = 'must be 1 to 64 letters, digits, dots, dashes or underscores';
    const refusal = new Refusal('data_key_wrong', { errors: [{ field: 'key', message }] });
    return refuse(c.env, refusal, who.claims);
  };

export const readData = ({ redis }: Pick<SessionDataDeps, 'redis'>): AuthenticatedRoute =>
  withKey(async (key, c, { claims }) => {
    const json = await getSessionData(redis, claims.sub, claims.sid, key);
    if (json === null) return refuse(c.env, new Refusal('data_unknown'), claims);
    return c.body(json, 200, { 'content-type': 'application/json' });
  });

/** Stores any JSON value, byte for byte, until the session ends. */
export const writeData = ({ redis, sessionDataMaxBytes: maxBytes }: SessionDataDeps): AuthenticatedRoute =>
  withKey(async (key, c, { claims }) => {
    const json = await c.env.body.jsonText();
    if (json instanceof Refusal) return refuse(c.env, json, claims);
    const refusal = await putSessionData(redis, claims, { key, json, maxBytes });
    return refusal === undefined ? c.body(null, 204) : refuse(c.env, refusal, claims);
  });

export const removeData = ({ redis }: Pick<SessionDataDeps, 'redis'>): AuthenticatedRoute =>
  withKey(async (key, c, { claims }) => {
    await deleteSessionData(redis, claims.sub, claims.sid, key);
    return c.body(null, 204);
  });
