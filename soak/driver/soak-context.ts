import type { AcknowledgedActions } from '../model/audit.ts';
import type { Transfer } from '../model/money.ts';
import type { Effect } from '../model/operation.ts';
import { PASSWORD } from '../world/people.ts';
import type { World } from '../world/world.ts';
import { type Call, type Reply, send } from './http.ts';
import type { Pool, Session } from './pool.ts';
import { activeSwitch } from './pool.ts';
import type { Recorder } from './recorder.ts';

/** What all actors share. */
export interface SoakContext {
  world: World;
  recorder: Recorder;
  /** The sessions of everybody, by user id. */
  pools: ReadonlyMap<string, Pool>;
  transfers: Map<string, Transfer>;
  acknowledged: AcknowledgedActions;
  /** Resolves pauses early when the soak ends. */
  pause(ms: number): Promise<void>;
  isOver(): boolean;
  /** Streams that are open. They are closed at the end. */
  streams: Set<{ close(): void }>;
}

/** A request with an access token, recorded with what it relies on. */
export interface Authorized {
  name: string;
  gateway: number;
  session: Session;
  pool: Pool;
  call: Omit<Call, 'url' | 'token'> & { path: string };
  switches?: readonly string[];
  effects?: readonly Effect[] | undefined;
}

export const urlOf = ({ world }: SoakContext, gateway: number, path: string): string =>
  (world.gateways[gateway] ?? world.gateways[0]).url + path;

/** Sends a request with an access token. A rejected session is no longer counted as live. */
export async function sendAuthorized(context: SoakContext, authorized: Authorized): Promise<Reply> {
  const { name, gateway, session, pool, call, switches = [], effects } = authorized;
  const authority = pool.authorityOf(session, ...switches);
  const by = `${pool.person.username} at gateway ${gateway}`;
  const reply = await context.recorder.run({ name, by, authority, effects }, () =>
    send({ ...call, url: urlOf(context, gateway, call.path), token: session.token }),
  );
  noteUse(pool, session, reply);
  return reply;
}

/** A 401 ends the session for its client; a success shows that it is not idle. */
export function noteUse(pool: Pool, session: Session, { outcome, detail }: Reply): void {
  if (outcome === 'ok') session.usedAtMs = performance.now();
  if (detail.startsWith('401')) pool.end([session]);
}

/** Logs a person in. A blocked one is denied. */
export async function logIn(context: SoakContext, pool: Pool, gateway: number): Promise<Reply> {
  const { person } = pool;
  return context.recorder.run(
    {
      name: 'login',
      by: `${person.username} at gateway ${gateway}`,
      authority: { switches: [activeSwitch(person)] },
      effects: [{ kind: 'start', user: person.id }],
    },
    async () => {
      const body = { username: person.username, password: PASSWORD };
      const reply = await send({ method: 'POST', url: urlOf(context, gateway, '/auth/login'), body });
      const session = reply.outcome === 'ok' ? pool.keep(reply.body) : undefined;
      if (session !== undefined) context.acknowledged.add('login', session);
      return { ...reply, session };
    },
  );
}

/** Exchanges the refresh token of a session, unless that is in progress. */
export async function refresh(
  context: SoakContext,
  pool: Pool,
  session: Session,
  gateway: number,
): Promise<void> {
  if (session.isRefreshing) return;
  session.isRefreshing = true;
  const { person } = pool;
  const reply = await context.recorder.run(
    {
      name: 'refresh',
      by: `${person.username} at gateway ${gateway}`,
      authority: { session: session.id, switches: [activeSwitch(person)] },
      effects: [{ kind: 'refresh', session: session.id }],
    },
    () => {
      const body = { refresh_token: session.refreshToken };
      return send({ method: 'POST', url: urlOf(context, gateway, '/auth/refresh'), body });
    },
  );
  session.isRefreshing = false;
  if (reply.outcome === 'ok') pool.keep(reply.body);
  if (reply.outcome === 'denied') pool.end([session]);
}
