import { z } from 'zod';
import { jsonBody, type Operation, ok, withScope } from '../../../http/operation.ts';
import { Refusal } from '../../../refusal.ts';
import { roleSchema } from '../../../users/roles.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { type AdminAction, type AdminActionDeps, runAdminAction } from './admin-action.ts';
import { rangesSchema, userIdParameter, userSchema, userView } from './user-view.ts';

const roleChangeSchema = z.strictObject({ role: roleSchema });
const rangesChangeSchema = z.strictObject({ ranges: rangesSchema });

type ActionDescription = Pick<Operation<GatewayReason>, 'method' | 'id' | 'summary'> &
  Partial<Operation<GatewayReason>> & {
    /** Below the path of the user. */
    name: string;
  };

/** Describes a route that changes one user. */
export const actionOperation = ({
  name,
  refusals = [],
  ...description
}: ActionDescription): Operation<GatewayReason> => ({
  path: `/admin/users/{id}/${name}`,
  tag: 'Administration',
  access: withScope('users:manage'),
  parameters: { path: userIdParameter },
  responses: ok('The changed user.', userSchema),
  ...description,
  refusals: ['user_unknown', 'own_account', 'rank_too_low', 'revocation_not_durable', ...refusals],
});

export const userActionOperations: readonly Operation<GatewayReason>[] = [
  actionOperation({
    method: 'post',
    name: 'block',
    id: 'blockUser',
    summary: 'Block a user',
    description: 'All sessions of the user end and no new ones can be started.',
    refusals: ['last_super_admin'],
  }),
  actionOperation({ method: 'post', name: 'unblock', id: 'unblockUser', summary: 'Unblock a user' }),
  actionOperation({
    method: 'put',
    name: 'role',
    id: 'changeRole',
    summary: "Change a user's role",
    description: 'The role applies from the next request. A customer who becomes staff has to log in again.',
    access: withScope('roles:manage'),
    body: jsonBody(roleChangeSchema),
    refusals: ['last_super_admin'],
  }),
  actionOperation({
    method: 'put',
    name: 'ranges',
    id: 'changeRanges',
    summary: "Set a user's allowed IP ranges",
    description: 'Addresses and CIDR ranges. An empty list allows any address.',
    body: jsonBody(rangesChangeSchema),
    refusals: ['last_super_admin'],
  }),
  actionOperation({
    method: 'post',
    name: 'logout',
    id: 'logOutUser',
    summary: "End all of a user's sessions",
  }),
];

const actionRoute =
  (deps: AdminActionDeps, action: AdminAction): AuthenticatedRoute =>
  async (c, who) => {
    const outcome = await runAdminAction(deps, c, who, action);
    return outcome instanceof Refusal ? refuse(c.env, outcome, who.claims) : c.json(userView(outcome));
  };

/** A route whose action depends on its body. */
const actionRouteWithBody =
  <Schema extends z.ZodType>(
    deps: AdminActionDeps,
    schema: Schema,
    actionOf: (body: z.output<Schema>) => AdminAction,
  ): AuthenticatedRoute =>
  async (c, who) => {
    const body = await c.env.body.json(schema);
    if (body instanceof Refusal) return refuse(c.env, body, who.claims);
    return actionRoute(deps, actionOf(body))(c, who);
  };

export const blockUser = (deps: AdminActionDeps): AuthenticatedRoute =>
  actionRoute(deps, {
    action: 'user_block',
    isRevocation: true,
    change: () => ({ set: { status: 'blocked' }, end: 'all' }),
  });

/** Allows the user to log in again. Ended sessions are not restored. */
export const unblockUser = (deps: AdminActionDeps): AuthenticatedRoute =>
  actionRoute(deps, { action: 'user_unblock', change: () => ({ set: { status: 'active' } }) });

export const logOutUser = (deps: AdminActionDeps): AuthenticatedRoute =>
  actionRoute(deps, { action: 'user_logout', isRevocation: true, change: () => ({ end: 'all' }) });

/**
 * Changes the role. Sessions continue with the new one, except those of a customer who becomes staff: they may have
 * the longer lifetime that only customers are allowed.
 */
export const changeRole = (deps: AdminActionDeps): AuthenticatedRoute =>
  actionRouteWithBody(deps, roleChangeSchema, ({ role }) => ({
    action: 'user_role',
    scope: 'roles:manage',
    detail: role,
    change: (user) => ({ set: { role }, ...(user.role === 'user' && role !== 'user' ? { end: 'all' } : {}) }),
  }));

export const changeRanges = (deps: AdminActionDeps): AuthenticatedRoute =>
  actionRouteWithBody(deps, rangesChangeSchema, ({ ranges }) => ({
    action: 'user_ranges',
    detail: ranges.join(' '),
    change: () => ({ set: { ranges: ranges.length === 0 ? undefined : ranges } }),
  }));
