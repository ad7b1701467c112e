import { setTimeout as delay } from 'node:timers/promises';
import type { Effect } from '../model/operation.ts';
import type { StaffStepName, Step } from '../plan/steps.ts';
import { SESSION_LIMITS } from '../world/world.ts';
import type { Reply } from './http.ts';
import { activeSwitch, type Pool, roleSwitch, type Session } from './pool.ts';
import { logIn, type SoakContext, sendAuthorized } from './soak-context.ts';

const BLOCKED_MIN_MS = 200;
const BLOCKED_SPREAD_MS = 1500;
const RETRY_MS = 200;
const ATTEMPTS_AFTER_END = 100;
const EXPIRES_SOON_MS = 5000;

/** A live session of a member of staff. Undefined if the login failed. */
async function sessionOf(context: SoakContext, pool: Pool, gateway: number): Promise<Session | undefined> {
  pool.tidy(SESSION_LIMITS);
  const lasting = (): Session | undefined =>
    pool.live.find(({ expiresAtMs }) => expiresAtMs > performance.now() + EXPIRES_SOON_MS);
  if (lasting() === undefined) await logIn(context, pool, gateway);
  return lasting();
}

interface Action {
  name: string;
  gateway: number;
  method: string;
  path: string;
  body?: unknown;
  effects?: readonly Effect[];
}

/** One attempt, as a member of staff. Undefined without a session. */
async function act(context: SoakContext, pool: Pool, action: Action): Promise<Reply | undefined> {
  const { name, gateway, method, path, body, effects } = action;
  const session = await sessionOf(context, pool, gateway);
  if (session === undefined) return undefined;
  return sendAuthorized(context, { name, gateway, session, pool, call: { method, path, body }, effects });
}

/** Repeats an action until its outcome is known, at the end of the soak for a limited time. */
async function actUntilKnown(context: SoakContext, pool: Pool, action: Action): Promise<void> {
  for (let afterEnd = 0; afterEnd < ATTEMPTS_AFTER_END; afterEnd += context.isOver() ? 1 : 0) {
    const reply = await act(context, pool, action);
    if (reply?.outcome === 'ok' || reply?.outcome === 'refused') return;
    await delay(RETRY_MS);
  }
}

/** Performs one step of a member of staff. Only one of them acts on the same customers. */
export async function staffStep(
  context: SoakContext,
  { pool, customers }: { pool: Pool; customers: readonly Pool[] },
  step: Step<StaffStepName>,
): Promise<void> {
  const { name, gateway, choice } = step;
  const target = customers[Math.floor(choice * customers.length)];
  if (target === undefined) return;
  const path = `/admin/users/${target.person.id}`;
  if (name === 'read') await act(context, pool, { name: 'staff-read', gateway, method: 'GET', path });
  if (name === 'kill-session') await killSession(context, pool, target, step);
  if (name === 'end-all') {
    const { live } = target;
    const effects: Effect[] = [{ kind: 'end-user', user: target.person.id }];
    const action = { name: 'staff-end-all', gateway, method: 'POST', path: `${path}/logout`, effects };
    const reply = await act(context, pool, action);
    if (reply?.outcome === 'ok') acknowledge(context, target, 'user_logout', live);
  }
  if (name === 'block') await blockForAWhile(context, pool, target, step);
}

async function killSession(context: SoakContext, pool: Pool, target: Pool, step: Step): Promise<void> {
  const session = target.live[Math.floor(step.otherChoice * target.live.length)];
  if (session === undefined) return;
  const reply = await act(context, pool, {
    name: 'staff-kill',
    gateway: step.gateway,
    method: 'DELETE',
    path: `/admin/users/${target.person.id}/sessions/${session.id}`,
    effects: [{ kind: 'end-session', session: session.id }],
  });
  if (reply?.outcome !== 'ok') return;
  target.end([session]);
  context.acknowledged.add('session_end', session.id);
}

async function blockForAWhile(context: SoakContext, pool: Pool, target: Pool, step: Step): Promise<void> {
  const { gateway, otherChoice } = step;
  const { person, live } = target;
  const name = activeSwitch(person);
  const path = `/admin/users/${person.id}`;
  const reply = await act(context, pool, {
    name: 'block',
    gateway,
    method: 'POST',
    path: `${path}/block`,
    effects: [
      { kind: 'end-user', user: person.id },
      { kind: 'switch', name, on: false },
    ],
  });
  if (reply?.outcome === 'ok') acknowledge(context, target, 'user_block', live);
  await context.pause(BLOCKED_MIN_MS + otherChoice * BLOCKED_SPREAD_MS);
  const effects: Effect[] = [{ kind: 'switch', name, on: true }];
  await actUntilKnown(context, pool, {
    name: 'unblock',
    gateway,
    method: 'POST',
    path: `${path}/unblock`,
    effects,
  });
}

function acknowledge(context: SoakContext, target: Pool, action: string, ended: readonly Session[]): void {
  target.end(ended);
  context.acknowledged.add(action, target.person.id);
}

/** Reads what only an admin may, as a clerk whose role comes and goes. */
export async function clerkStep(context: SoakContext, pool: Pool, { gateway }: Step): Promise<void> {
  const session = await sessionOf(context, pool, gateway);
  if (session === undefined) return;
  const call = { path: '/admin/users?limit=1' };
  const switches = [roleSwitch(pool.person)];
  await sendAuthorized(context, { name: 'clerk-read', gateway, session, pool, call, switches });
}

/** Takes a clerk's role away and gives it back, as the super-admin. */
export async function roleStep(
  context: SoakContext,
  { pool, clerks }: { pool: Pool; clerks: readonly Pool[] },
  { gateway, choice, otherChoice }: Step,
): Promise<void> {
  const clerk = clerks[Math.floor(choice * clerks.length)];
  if (clerk === undefined) return;
  const name = roleSwitch(clerk.person);
  const change = (role: string, on: boolean): Action => ({
    name: on ? 'promote' : 'demote',
    gateway,
    method: 'PUT',
    path: `/admin/users/${clerk.person.id}/role`,
    body: { role },
    effects: [{ kind: 'switch', name, on }],
  });
  const reply = await act(context, pool, change('supervisor', false));
  if (reply?.outcome === 'ok') context.acknowledged.add('user_role', clerk.person.id);
  await context.pause(BLOCKED_MIN_MS + otherChoice * BLOCKED_SPREAD_MS);
  await actUntilKnown(context, pool, change('admin', true));
}
