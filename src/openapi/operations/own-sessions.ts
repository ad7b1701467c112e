import { z } from 'zod';
import { passwordChangeSchema } from '../../gateway/routes/auth/password.ts';
import { dataKeySchema } from '../../gateway/routes/sessions/data.ts';
import {
  endedResponseSchema,
  endSessionsQuerySchema,
  ownSessionsResponseSchema,
} from '../../gateway/routes/sessions/sessions.ts';
import { gatewayOperation, idParameter, jsonBody, NO_CONTENT, ok } from '../gateway-operation.ts';
import type { Operation } from '../operation.ts';

const access = { by: 'access-token' } as const;
const anyJson = z.unknown().describe('any JSON value');
const data = {
  path: '/auth/session/data/{key}',
  group: 'Sessions',
  access,
  parameters: { path: z.strictObject({ key: dataKeySchema }) },
} as const;

/** What users do about their own sessions and account. */
export const OWN_SESSIONS: readonly Operation[] = [
  gatewayOperation({
    method: 'get',
    path: '/auth/sessions',
    id: 'listSessions',
    group: 'Sessions',
    summary: 'Where am I logged in?',
    access,
    answers: ok('The live sessions, the last used first.', ownSessionsResponseSchema),
  }),
  gatewayOperation(
    {
      method: 'delete',
      path: '/auth/sessions',
      id: 'endSessions',
      group: 'Sessions',
      summary: 'End all sessions, or all but this one',
      access,
      parameters: { query: endSessionsQuerySchema },
      answers: ok('How many were ended.', endedResponseSchema),
    },
    ['query_wrong'],
  ),
  gatewayOperation(
    {
      method: 'delete',
      path: '/auth/sessions/{sid}',
      id: 'endSession',
      group: 'Sessions',
      summary: 'End one session',
      access,
      parameters: { path: idParameter('sid', 'a session id from the list') },
      answers: NO_CONTENT,
    },
    ['session_unknown'],
  ),
  gatewayOperation(
    {
      method: 'get',
      path: '/auth/session/events',
      id: 'streamSessionEvents',
      group: 'Sessions',
      summary: 'When and why this session ends, as it happens (server-sent events)',
      details:
        'At most one event comes, and then the stream ends. `event: ended` asks for a new log-in, with the `reason` ' +
        '`session_ended`, `user_blocked` or `address_refused`. `event: renew` says that the session goes on, but not ' +
        'as the stream was opened: `token_expired`, `key_retired` or `role_changed`. A stream that ends without an ' +
        'event can be opened again at once. Waiting here is no activity.',
      access,
      answers: {
        200: {
          description: 'Events whose `data` is `{"reason": …}`, and comments as signs of life.',
          schema: z.string(),
          mediaType: 'text/event-stream',
        },
      },
    },
    ['too_many_under_way'],
  ),
  gatewayOperation(
    {
      ...data,
      method: 'get',
      id: 'readSessionData',
      summary: 'Read what the session keeps under a key',
      answers: ok('The value, as it was put.', anyJson),
    },
    ['data_key_wrong', 'data_unknown'],
  ),
  gatewayOperation(
    {
      ...data,
      method: 'put',
      id: 'writeSessionData',
      summary: 'Keep a value for as long as the session lives',
      details:
        'Keys and values of a session together have a limit, 4 KiB unless the operator says otherwise.',
      body: jsonBody(anyJson),
      answers: NO_CONTENT,
    },
    ['data_key_wrong', 'session_data_full'],
  ),
  gatewayOperation(
    {
      ...data,
      method: 'delete',
      id: 'removeSessionData',
      summary: 'Forget what is under a key',
      answers: NO_CONTENT,
    },
    ['data_key_wrong'],
  ),
  gatewayOperation(
    {
      method: 'post',
      path: '/auth/password',
      id: 'changePassword',
      group: 'Account',
      summary: 'Change the own password',
      details: 'All other sessions end in the same step; this one goes on.',
      access,
      body: jsonBody(passwordChangeSchema),
      answers: NO_CONTENT,
    },
    ['password_wrong', 'login_throttled', 'password_queue_full'],
  ),
];
