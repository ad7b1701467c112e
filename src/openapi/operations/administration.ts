import type { GatewayReason } from '../../gateway/problems/table.ts';
import { auditPageResponseSchema, auditQuerySchema } from '../../gateway/routes/admin/audit.ts';
import { resetResponseSchema, userSessionsResponseSchema } from '../../gateway/routes/admin/user-access.ts';
import { rangesChangeSchema, roleChangeSchema } from '../../gateway/routes/admin/user-actions.ts';
import {
  shownUserSchema,
  userCreateSchema,
  userPageResponseSchema,
  userQuerySchema,
} from '../../gateway/routes/admin/users.ts';
import { gatewayOperation, idParameter, jsonBody, NO_CONTENT, ok } from '../gateway-operation.ts';
import type { Body, Operation } from '../operation.ts';

const group = 'Administration';
const managing = { by: 'access-token', scope: 'users:manage' } as const;
const ofUser = idParameter('id', 'a user id');
const theUser = ok('The user, as they are now.', shownUserSchema);

interface Act extends Pick<Operation, 'method' | 'id' | 'summary' | 'details'> {
  /** Below the user's own path. */
  name: string;
  body?: Body;
  own?: readonly GatewayReason[];
}

/** What staff do to one user. */
const act = ({ name, own = [], ...what }: Act): Operation =>
  gatewayOperation(
    {
      ...what,
      path: `/admin/users/{id}/${name}`,
      group,
      access: name === 'role' ? { by: 'access-token', scope: 'roles:manage' } : managing,
      parameters: { path: ofUser },
      answers: theUser,
    },
    ['user_unknown', 'own_account', 'rank_too_low', ...own],
  );

const USERS: readonly Operation[] = [
  gatewayOperation(
    {
      method: 'get',
      path: '/admin/users',
      id: 'listUsers',
      group,
      summary: 'Users by name',
      access: managing,
      parameters: { query: userQuerySchema },
      answers: ok('A page of users.', userPageResponseSchema),
    },
    ['query_wrong'],
  ),
  gatewayOperation(
    {
      method: 'post',
      path: '/admin/users',
      id: 'createUser',
      group,
      summary: 'Make an account for somebody',
      details: 'Another role than `user` takes the scope `roles:manage` as well.',
      access: managing,
      body: jsonBody(userCreateSchema),
      answers: {
        201: {
          description: 'The user.',
          schema: shownUserSchema,
          headers: { Location: 'where the user is' },
        },
      },
    },
    ['username_taken', 'password_queue_full'],
  ),
  gatewayOperation(
    {
      method: 'get',
      path: '/admin/users/{id}',
      id: 'getUser',
      group,
      summary: 'One user',
      access: managing,
      parameters: { path: ofUser },
      answers: theUser,
    },
    ['user_unknown'],
  ),
];

const ACTS: readonly Operation[] = [
  act({
    method: 'post',
    name: 'block',
    id: 'blockUser',
    summary: 'Block a user',
    details: 'All sessions end with it, and none can be started.',
    own: ['last_super_admin'],
  }),
  act({ method: 'post', name: 'unblock', id: 'unblockUser', summary: 'Let a blocked user log in again' }),
  act({
    method: 'put',
    name: 'role',
    id: 'changeRole',
    summary: 'Give a role',
    details: 'It holds on the next request. A customer who becomes staff has to log in again.',
    body: jsonBody(roleChangeSchema),
    own: ['last_super_admin'],
  }),
  act({
    method: 'put',
    name: 'ranges',
    id: 'changeRanges',
    summary: 'Say where a user may come from',
    details: 'Addresses and CIDR ranges; an empty list lets the user come from anywhere.',
    body: jsonBody(rangesChangeSchema),
  }),
  act({ method: 'post', name: 'logout', id: 'logOutUser', summary: "End all of a user's sessions" }),
  {
    ...act({
      method: 'post',
      name: 'password-reset',
      id: 'resetUserPassword',
      summary: "Take a user's password away and send them a token for a new one",
      own: ['mail_unavailable', 'password_queue_full'],
    }),
    answers: ok('How the token travels.', resetResponseSchema),
  },
];

const SESSIONS_AND_AUDIT: readonly Operation[] = [
  gatewayOperation(
    {
      method: 'get',
      path: '/admin/users/{id}/sessions',
      id: 'listUserSessions',
      group,
      summary: 'Where is a user logged in?',
      access: { by: 'access-token', scope: 'sessions:manage' },
      parameters: { path: ofUser },
      answers: ok('The live sessions, the last used first.', userSessionsResponseSchema),
    },
    ['user_unknown'],
  ),
  gatewayOperation(
    {
      method: 'delete',
      path: '/admin/users/{id}/sessions/{sid}',
      id: 'endUserSession',
      group,
      summary: "End one of a user's sessions",
      access: { by: 'access-token', scope: 'sessions:manage' },
      parameters: { path: ofUser.extend(idParameter('sid', 'a session id from the list').shape) },
      answers: NO_CONTENT,
    },
    ['user_unknown', 'session_unknown', 'own_account', 'rank_too_low'],
  ),
  gatewayOperation(
    {
      method: 'get',
      path: '/admin/audit',
      id: 'readAudit',
      group,
      summary: 'The audit trail, the newest first',
      access: { by: 'access-token', scope: 'audit:read' },
      parameters: { query: auditQuerySchema },
      answers: ok('A page of records.', auditPageResponseSchema),
    },
    ['query_wrong'],
  ),
];

/** What staff do. */
export const ADMINISTRATION: readonly Operation[] = [...USERS, ...ACTS, ...SESSIONS_AND_AUDIT];
