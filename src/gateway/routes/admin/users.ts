import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { checkQuery, integerParameter } from '../../../http/input.ts';
import { jsonBody, type Operation, ok, withScope } from '../../../http/operation.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { displayNameSchema, emailSchema, usernameSchema } from '../../../users/fields.ts';
import { listUsers as readUserPage } from '../../../users/list.ts';
import type { PasswordOwner } from '../../../users/password-rules.ts';
import { roleSchema, scopesOf } from '../../../users/roles.ts';
import { addUser, findUser } from '../../../users/users.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { recordEvent } from '../../request-context.ts';
import { hashNewPassword, type NewPasswordDeps } from '../password/password.ts';
import { runAsStaff } from './as-staff.ts';
import { rangesSchema, userIdParameter, userSchema, userView } from './user-view.ts';

const userQuerySchema = z.strictObject({
  limit: integerParameter(1, 200, 50),
  cursor: z
    .string()
    .regex(/^[\w-]{1,512}$/, 'must be the next_cursor of an earlier page')
    .optional(),
  q: z.string().max(64).optional().describe('The beginning of the username'),
});

export const newUserSchema = z
  .strictObject({
    username: usernameSchema,
    password: z
      .string()
      .max(1024)
      .optional()
      .describe('Without a password the user cannot log in until a password reset.'),
    display_name: displayNameSchema.optional(),
    role: roleSchema.default('user'),
    email: emailSchema.optional().describe('Counts as confirmed: staff vouch for it.'),
    ranges: rangesSchema.default([]),
  })
  .meta({ id: 'NewUser' });

export const userPageResponseSchema = z
  .strictObject({
    users: z.array(userSchema),
    next_cursor: z.string().nullable().describe('null on the last page'),
  })
  .meta({ id: 'UserPage' });

export const userOperations: readonly Operation<GatewayReason>[] = [
  {
    method: 'get',
    path: '/admin/users',
    id: 'listUsers',
    tag: 'Administration',
    summary: 'List users by username',
    access: withScope('users:manage'),
    parameters: { query: userQuerySchema },
    responses: ok('A page of users.', userPageResponseSchema),
    refusals: ['query_wrong'],
  },
  {
    method: 'post',
    path: '/admin/users',
    id: 'createUser',
    tag: 'Administration',
    summary: 'Create a user',
    description: 'Any role other than `user` also requires the scope `roles:manage`.',
    access: withScope('users:manage'),
    body: jsonBody(newUserSchema),
    responses: {
      201: { description: 'The user.', schema: userSchema, headers: { Location: 'The path of the user' } },
    },
    refusals: ['username_taken', 'password_queue_full'],
  },
  {
    method: 'get',
    path: '/admin/users/{id}',
    id: 'getUser',
    tag: 'Administration',
    summary: 'Get a user',
    access: withScope('users:manage'),
    parameters: { path: userIdParameter },
    responses: ok('The user.', userSchema),
    refusals: ['user_unknown'],
  },
];

export interface AdminUsersDeps extends NewPasswordDeps {
  redis: RedisStore;
  audit: AuditLog;
}

export const listUsers =
  ({ redis }: Pick<AdminUsersDeps, 'redis'>): AuthenticatedRoute =>
  async (c, { claims }) => {
    const query = checkQuery(c.req.queries(), userQuerySchema);
    if (query instanceof Refusal) return refuse(c.env, query, claims);
    const { users, nextCursor } = await readUserPage(redis, { ...query, prefix: query.q });
    const body: z.output<typeof userPageResponseSchema> = {
      users: users.map(userView),
      next_cursor: nextCursor,
    };
    return c.json(body);
  };

export const getUser =
  ({ redis }: Pick<AdminUsersDeps, 'redis'>): AuthenticatedRoute =>
  async (c, { claims }) => {
    const user = await findUser(redis, c.req.param('id') ?? '');
    if (user === undefined) return refuse(c.env, new Refusal('user_unknown'), claims);
    return c.json(userView(user));
  };

export const createUser =
  (deps: AdminUsersDeps): AuthenticatedRoute =>
  async (c, who) => {
    const { redis, audit } = deps;
    const { claims, authorization } = who;
    const body = await c.env.body.json(newUserSchema);
    if (body instanceof Refusal) return refuse(c.env, body, claims);
    const { username, password, display_name: displayName = username, role, email, ranges } = body;
    const scope = role === 'user' ? 'users:manage' : 'roles:manage';
    if (!scopesOf(authorization.role).has(scope))
      return refuse(c.env, new Refusal('scope_missing', scope), claims);
    const passwordHash = await initialPasswordHash(deps, { username, displayName, email }, password);
    if (passwordHash instanceof Refusal) return refuse(c.env, passwordHash, claims);
    const passwordVia = password === undefined ? undefined : `initial password by ${claims.sub}`;
    const newUser = { username, displayName, role, email, ranges, passwordHash, passwordVia };
    const user = await runAsStaff(redis, c, who, {
      scope,
      change: (action) => addUser(redis, newUser, new Date(c.env.nowMs), action),
      record: async (added) => {
        if (added instanceof Refusal) return;
        const actor = { actor: claims.sub, role: who.authorization.role };
        const event = { ...actor, subject: added.id, detail: role };
        await recordEvent(audit, c.env, { action: 'user_create', result: 'done', ...event });
      },
    });
    if (user instanceof Refusal) return refuse(c.env, user, claims);
    return c.json(userView(user), 201, { location: `/admin/users/${user.id}` });
  };

/** Without a password, the hash of a random one that is not kept. */
const initialPasswordHash = (deps: NewPasswordDeps, owner: PasswordOwner, password: string | undefined) =>
  password === undefined
    ? deps.hasher.decoy()
    : hashNewPassword(deps, { field: 'password', password, owner });
