import { z } from 'zod';
import type { AuditTrail } from '../../../audit/event.ts';
import { parseRanges } from '../../../http/addresses.ts';
import { BodyRefusal, readJsonBody } from '../../../http/json-body.ts';
import { pageLimit, QueryRefusal, readQuery } from '../../../http/query.ts';
import type { RedisLink } from '../../../redis/connection.ts';
import { Refusal } from '../../../refusal.ts';
import { displayNameSchema, emailSchema, usernameSchema } from '../../../users/fields.ts';
import { listUsers } from '../../../users/list.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';
import { roleSchema, scopesOf } from '../../../users/roles.ts';
import { addUser, findUser, type User } from '../../../users/users.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import { auditFields } from '../../request-context.ts';
import { hashNewPassword } from '../auth/new-password.ts';

const MAX_RANGES = 50;

export const rangesSchema = z
  .array(
    z
      .string()
      .max(64)
      .refine((range) => parseRanges([range]) !== undefined, 'wants an address or a CIDR range'),
  )
  .max(MAX_RANGES);

export const userQuerySchema = z.strictObject({
  limit: integerParameter(1, 200, 50),
  cursor: z
    .string()
    .regex(/^[\w-]{1,512}$/, 'wants the next_cursor of an earlier page')
    .optional(),
  q: z.string().max(64).optional(),
});

export const userCreateSchema = z.strictObject({
  username: usernameSchema,
  password: z
    .string()
    .max(1024)
    .optional()
    .describe('without one nobody can log in as this user until a password reset'),
  display_name: displayNameSchema.optional(),
  role: roleSchema.default('user'),
  email: emailSchema.optional(),
  ranges: rangesSchema.default([]),
});

/** A user as staff see them. */
export const shownUserSchema = z.strictObject({
  id: z.string(),
  username: z.string(),
  display_name: z.string(),
  role: roleSchema,
  status: z.enum(['active', 'blocked']),
  created_at: z.iso.datetime(),
  email: z.string().nullable(),
  ranges: z.array(z.string()).describe('where the user may come from; from anywhere when it is empty'),
});

export const userPageResponseSchema = z.strictObject({
  users: z.array(shownUserSchema),
  next_cursor: z.string().nullable().describe('null when there are no more'),
});

export const shownUser = (user: User): z.output<typeof shownUserSchema> => ({
  id: user.id,
  username: user.username,
  display_name: user.displayName,
  role: user.role,
  status: user.status,
  created_at: user.created,
  email: user.email ?? null,
  ranges: user.ranges ?? [],
});

export interface AdminUsersDeps {
  redis: RedisLink;
  hasher: PasswordHasher;
  audit: AuditTrail;
  authBodyMaxBytes: number;
}

/** A page of the users by name, perhaps of those whose name begins with `q`. */
export const userPage =
  ({ redis }: AdminUsersDeps): AuthenticatedRoute =>
  async (c, { claims }) => {
    const query = checkQuery(c.req.queries(), userQuerySchema);
    if (query instanceof Refusal) return refuse(c.env, query, claims);
    const { users, nextCursor } = await listUsers(redis, { ...query, prefix: query.q });
    const answer: z.output<typeof userPageResponseSchema> = {
      users: users.map(shownUser),
      next_cursor: nextCursor,
    };
    return c.json(answer);
  };

export const oneUser =
  ({ redis }: AdminUsersDeps): AuthenticatedRoute =>
  async (c, { claims }) => {
    const user = await findUser(redis, c.req.param('id') ?? '');
    if (user === undefined) return refuse(c.env, new Refusal('user_unknown'), claims);
    return c.json(shownUser(user));
  };

/** Makes an account for somebody. Another role than the least takes who may give roles. */
export const createUser =
  (deps: AdminUsersDeps): AuthenticatedRoute =>
  async (c, { claims, authorization }) => {
    const { incoming, outgoing, nowMs } = c.env;
    const body = await readJsonBody(incoming, outgoing, userCreateSchema, deps.authBodyMaxBytes);
    if (body instanceof Refusal) return refuse(c.env, body, claims);
    const { username, password, display_name: displayName = username, role, email, ranges } = body;
    if (role !== 'user' && !scopesOf(authorization.role).has('roles:manage'))
      return refuse(c.env, new Refusal('scope_missing', 'roles:manage'), claims);
    const passwordHash = await firstPasswordHash(deps.hasher, username, password);
    if (passwordHash instanceof Refusal) return refuse(c.env, passwordHash, claims);
    const newUser = { username, displayName, role, email, ranges, passwordHash };
    const user = await addUser(deps.redis, newUser, new Date(nowMs));
    if (user instanceof Refusal) return refuse(c.env, user, claims);
    const event = { ...auditFields(c.env), action: 'user_create', result: 'done', detail: role } as const;
    await deps.audit.record({ ...event, actor: claims.sub, subject: user.id }, nowMs);
    return c.json(shownUser(user), 201, { location: `/admin/users/${user.id}` });
  };

/** Without a password, the hash of one that nobody knows. */
const firstPasswordHash = (hasher: PasswordHasher, username: string, password: string | undefined) =>
  password === undefined
    ? hasher.decoy()
    : hashNewPassword(hasher, { field: 'password', password, username });
