import { z } from 'zod';
import type { AuditAction } from '../../../audit/event.ts';
import { readJsonBody } from '../../../http/input.ts';
import { Refusal } from '../../../refusal.ts';
import { mayActOn, roleSchema } from '../../../users/roles.ts';
import { type ChangeReason, changeUser, type UserChange } from '../../../users/update.ts';
import type { User } from '../../../users/users.ts';
import { refuse } from '../../decision-log.ts';
import type { AuthenticatedRoute, GatewayContext } from '../../pipeline/guards.ts';
import type { Authenticated } from '../../request-context.ts';
import { auditFields } from '../../request-context.ts';
import { type AdminUsersDeps, rangesSchema, shownUser } from './users.ts';

export const roleChangeSchema = z.strictObject({ role: roleSchema });
export const rangesChangeSchema = z.strictObject({ ranges: rangesSchema });

/** What a member of staff does to a user, as it is recorded and as it changes the user. */
export interface Act {
  action: AuditAction;
  detail?: string;
  change: (user: User) => UserChange;
}

type ActReason = ChangeReason | 'own_account' | 'rank_too_low';

/** Does it, if the actor's rank allows it at the moment of the change, and records it, done or refused. */
export async function act(
  { redis, audit }: AdminUsersDeps,
  c: GatewayContext,
  { claims, authorization }: Authenticated,
  { action, detail, change }: Act,
): Promise<User | Refusal<ActReason>> {
  const actor = { id: claims.sub, role: authorization.role };
  const subject = c.req.param('id') ?? '';
  const outcome = await changeUser(redis, subject, (user) => mayActOn(actor, user) ?? change(user));
  if (outcome instanceof Refusal && outcome.reason === 'user_unknown') return outcome;
  const result =
    outcome instanceof Refusal
      ? ({ result: 'refused', detail: outcome.reason } as const)
      : ({ result: 'done', detail } as const);
  await audit.record({ ...auditFields(c.env), action, actor: claims.sub, subject, ...result }, c.env.nowMs);
  return outcome;
}

const acting =
  (deps: AdminUsersDeps, what: Act): AuthenticatedRoute =>
  async (c, who) => {
    const outcome = await act(deps, c, who, what);
    if (outcome instanceof Refusal) return refuse(c.env, outcome, who.claims);
    return c.json(shownUser(outcome));
  };

/** A route whose act depends on its body. */
const actingOn =
  <Schema extends z.ZodType>(
    deps: AdminUsersDeps,
    schema: Schema,
    what: (body: z.output<Schema>) => Act,
  ): AuthenticatedRoute =>
  async (c, who) => {
    const body = await readJsonBody(c.env.incoming, c.env.outgoing, schema, deps.authBodyMaxBytes);
    if (body instanceof Refusal) return refuse(c.env, body, who.claims);
    return acting(deps, what(body))(c, who);
  };

/** All sessions end, and none can be started. */
export const blockUser = (deps: AdminUsersDeps): AuthenticatedRoute =>
  acting(deps, { action: 'user_block', change: () => ({ set: { status: 'blocked' }, end: 'all' }) });

/** The user may log in again. The sessions from before stay over. */
export const unblockUser = (deps: AdminUsersDeps): AuthenticatedRoute =>
  acting(deps, { action: 'user_unblock', change: () => ({ set: { status: 'active' } }) });

/** All sessions end; the user may log in again at once. */
export const logOutUser = (deps: AdminUsersDeps): AuthenticatedRoute =>
  acting(deps, { action: 'user_logout', change: () => ({ end: 'all' }) });

/**
 * Gives a role. Sessions go on with the new one, but for a customer who becomes staff: theirs were started under
 * the options of customers, who may stay logged in for weeks, so they log in again.
 */
export const changeRole = (deps: AdminUsersDeps): AuthenticatedRoute =>
  actingOn(deps, roleChangeSchema, ({ role }) => ({
    action: 'user_role',
    detail: role,
    change: (user) => ({ set: { role }, ...(user.role === 'user' && role !== 'user' ? { end: 'all' } : {}) }),
  }));

/** Says where the user may come from; from anywhere with an empty list. */
export const changeRanges = (deps: AdminUsersDeps): AuthenticatedRoute =>
  actingOn(deps, rangesChangeSchema, ({ ranges }) => ({
    action: 'user_ranges',
    detail: ranges.join(' '),
    change: () => ({ set: { ranges: ranges.length === 0 ? undefined : ranges } }),
  }));
