import type { Effect } from '../model/operation.ts';
import type { CustomerStepName, Step } from '../plan/steps.ts';
import type { Person } from '../world/people.ts';
import { SESSION_LIMITS } from '../world/world.ts';
import { send } from './http.ts';
import type { Pool, Session } from './pool.ts';
import { logIn, refresh, type SoakContext, sendAuthorized, urlOf } from './soak-context.ts';
import { watchStream } from './streams.ts';
import { transferMoney } from './transfer.ts';

/** With fewer sessions a step of any kind is a login; with more, a login is a logout. */
const SESSIONS_MIN = 2;
const SESSIONS_MAX = 8;
/** A token that is about to expire is exchanged first. */
const EXPIRES_SOON_MS = 5000;

export interface Customer {
  pool: Pool;
  others: readonly Person[];
}

/** Performs one step of one of a customer's devices. */
export async function customerStep(
  context: SoakContext,
  customer: Customer,
  step: Step<CustomerStepName>,
): Promise<void> {
  const { pool } = customer;
  pool.tidy(SESSION_LIMITS);
  if (pool.live.length < SESSIONS_MIN) return void (await logIn(context, pool, step.gateway));
  const session = pool.choose(step);
  if (session === undefined) return;
  const isLive = session.endedAtMs === undefined;
  if (isLive && session.expiresAtMs < performance.now() + EXPIRES_SOON_MS)
    return refresh(context, pool, session, step.gateway);
  return STEPS[step.name](context, customer, session, step);
}

type Perform = (
  context: SoakContext,
  customer: Customer,
  session: Session,
  step: Step<CustomerStepName>,
) => Promise<void>;

const read =
  (path: string): Perform =>
  async (context, { pool }, session, { name, gateway }) =>
    void (await sendAuthorized(context, { name, gateway, session, pool, call: { path } }));

const STEPS: Record<CustomerStepName, Perform> = {
  read: read('/bank/accounts'),
  'read-session': read('/auth/session'),
  transfer: transferMoney,
  'held-upload': transferMoney,
  'streamed-upload': transferMoney,
  'bank-stream': (context, { pool }, session, step) =>
    watchStream(context, { pool, session, step, path: `/bank/accounts/${pool.person.account}/stream` }),
  'session-stream': (context, { pool }, session, step) =>
    watchStream(context, { pool, session, step, path: '/auth/session/events' }),
  login: async (context, customer, session, step) => {
    if (customer.pool.live.length >= SESSIONS_MAX) return logOut(context, customer, session, step);
    await logIn(context, customer.pool, step.gateway);
  },
  refresh: (context, { pool }, session, { gateway }) => refresh(context, pool, session, gateway),
  logout: (context, customer, session, step) => logOut(context, customer, session, step),
  'end-one': async (context, { pool }, session, step) => {
    const ended = pool.live[Math.floor(step.otherChoice * pool.live.length)];
    if (ended === undefined) return;
    const path = `/auth/sessions/${ended.id}`;
    const effects: Effect[] = [{ kind: 'end-session', session: ended.id }];
    const isDone = await endSessions(context, { pool, session, step, path, effects }, [ended]);
    if (isDone) context.acknowledged.add('session_end', ended.id);
  },
  'end-others': async (context, { pool, pool: { person, live } }, session, step) => {
    const effects: Effect[] = [{ kind: 'end-user', user: person.id, except: session.id }];
    const others = live.filter(({ id }) => id !== session.id);
    await endSessions(context, { pool, session, step, path: '/auth/sessions?keep=current', effects }, others);
  },
  'end-all': async (context, { pool, pool: { person, live } }, session, step) => {
    const effects: Effect[] = [{ kind: 'end-user', user: person.id }];
    await endSessions(context, { pool, session, step, path: '/auth/sessions', effects }, live);
  },
};

interface Ending {
  pool: Pool;
  session: Session;
  step: Step<CustomerStepName>;
  path: string;
  effects: readonly Effect[];
}

/** @returns whether the sessions have been ended for certain */
async function endSessions(
  context: SoakContext,
  { pool, session, step, path, effects }: Ending,
  ended: readonly Session[],
): Promise<boolean> {
  const { name, gateway } = step;
  const call = { method: 'DELETE', path };
  const { outcome } = await sendAuthorized(context, { name, gateway, session, pool, call, effects });
  if (outcome === 'ok') pool.end(ended);
  return outcome === 'ok';
}

/** A logout needs no live session: its response is the same if the session has ended before. */
async function logOut(
  context: SoakContext,
  { pool }: Customer,
  session: Session,
  { gateway }: Step,
): Promise<void> {
  const { outcome } = await context.recorder.run(
    {
      name: 'logout',
      by: `${pool.person.username} at gateway ${gateway}`,
      effects: [{ kind: 'end-session', session: session.id }],
    },
    () => send({ method: 'POST', url: urlOf(context, gateway, '/auth/logout'), token: session.token }),
  );
  if (outcome !== 'ok') return;
  pool.end([session]);
  if (context.recorder.checker.wasEndedOnce(session.id)) context.acknowledged.add('logout', session.id);
}
