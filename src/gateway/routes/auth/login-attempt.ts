import type { AuditEvent, AuditLog } from '../../../audit/event.ts';
import { OWN_CLIENT } from '../../../redis/session-record.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import type { StartedSession, StartReason } from '../../../sessions/start.ts';
import { isAddressAllowed } from '../../../users/authorization.ts';
import { type Device, deviceOfUser } from '../../../users/logins/device-token.ts';
import type { DeviceOwner, LoginLimiter, Verdict } from '../../../users/logins/login-limiter.ts';
import { viaDetail } from '../../../users/password-reset.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';
import { findUserByName, type User } from '../../../users/users.ts';
import { type RequestContext, recordEvent } from '../../request-context.ts';
import {
  isNoSessionReason,
  type LoginSessionDeps,
  type NoSessionReason,
  openSession,
  type RequestedSession,
} from './login-session.ts';

export interface AttemptDeps extends LoginSessionDeps {
  redis: RedisStore;
  hasher: PasswordHasher;
  loginLimiter: LoginLimiter;
  audit: AuditLog;
}

interface Credentials extends RequestedSession {
  username: string;
  password: string;
  /** A device that presents its token. */
  device: Device | undefined;
}

/** An active user who has given the right password. */
interface LoggedIn {
  user: User;
  session: StartedSession | Refusal<NoSessionReason>;
}

type AttemptReason = 'login_throttled' | 'login_rate_exceeded' | 'password_queue_full' | 'login_wrong';

/** What the check of a password leads to. */
interface Outcome {
  verdict: Verdict;
  result: LoggedIn | Refusal<'login_wrong' | 'login_rate_exceeded'>;
  event?: AuditEvent | undefined;
}

/**
 * Checks a password, starts a session, and records the attempt. Every failed login takes the same work, whatever its
 * cause. The login waits for Redis four times: the id of the username and the counters of failures; the user, and the
 * places in these counters; the start of the session; the counters again, and the audit record. Each needs the reply to
 * the one before, and the keys are in different slots (Redis Cluster). @throws {RedisUnavailable}
 */
export async function attemptLogin(
  deps: AttemptDeps,
  { username, device, ...credentials }: Credentials,
  context: RequestContext,
): Promise<LoggedIn | Refusal<AttemptReason>> {
  const lookup = findUserByName(deps.redis, username, device?.sub);
  // If the limiter refuses the attempt or fails first, nobody awaits it.
  lookup.catch(() => {});
  const owner = async (): Promise<DeviceOwner> => ownerOf(device, await lookup);
  const attempt = await deps.loginLimiter.attempt(
    { username, address: context.clientAddress, device, owner },
    context.nowMs,
    async () => check(deps, await lookup, credentials, context),
    (outcome) => recordOutcome(deps, outcome, context),
  );
  return attempt instanceof Refusal ? attempt : attempt.result;
}

/** A device that the user has logged in from before, and whether they are staff, decide how long the login may wait. */
const ownerOf = (presented: Device | undefined, user: User | undefined): DeviceOwner => ({
  isKnown: deviceOfUser(presented, user) !== undefined,
  isStaff: user !== undefined && user.role !== 'user',
});

async function check(
  deps: AttemptDeps,
  user: User | undefined,
  { password, ...requested }: Pick<Credentials, 'password' | keyof RequestedSession>,
  context: RequestContext,
): Promise<Outcome> {
  const matches = await deps.hasher.verify(password, user?.passwordHash);
  const fault = loginFault(user, matches, context.clientAddress);
  if (user === undefined || fault !== undefined) return wrong(user, fault);
  const session = await openSession(deps, user, requested, context);
  if (!(session instanceof Refusal))
    return { verdict: 'right', result: { user, session }, event: loginEvent(user, session) };
  const { reason, retryAfterSeconds = 1 } = session;
  if (reason === 'login_rate_exceeded')
    return { verdict: 'surplus', result: new Refusal(reason, { retryAfterSeconds }) };
  if (!isNoSessionReason(reason)) return wrong(user, reason);
  const result = { user, session: new Refusal(reason) };
  return { verdict: 'right', result, event: loginEvent(user, session) };
}

/** The audit record of a login with the right password. It names the registered app, the sessions that it replaced, and who else had a part in the password. */
function loginEvent(
  user: User,
  session: StartedSession | Refusal<StartReason | NoSessionReason>,
): AuditEvent {
  const event = { action: 'login', actor: user.id, role: user.role } as const;
  if (session instanceof Refusal) return { ...event, result: 'refused', detail: session.reason };
  const { evicted, claims } = session;
  const app = claims.client_id === OWN_CLIENT ? undefined : `client: ${claims.client_id}`;
  const replaced = evicted.length > 0 ? `ended for it: ${evicted.join(' ')}` : undefined;
  const parts = [app, viaDetail(user), replaced].filter((part) => part !== undefined);
  return { ...event, result: 'done', session: claims.sid, detail: parts.join('; ') || undefined };
}

/** Why the login failed, for the audit log. The client does not learn it. */
function loginFault(user: User | undefined, matches: boolean, address: string): string | undefined {
  if (user === undefined) return 'no such user';
  if (!matches) return 'wrong password';
  if (user.status !== 'active') return 'user_not_active';
  return isAddressAllowed(user, address) ? undefined : 'address_refused';
}

/** Also for a user who is blocked, or gets other address ranges or a new password, while the password is checked. */
const wrong = (user: User | undefined, detail: string | undefined): Outcome => ({
  verdict: 'wrong',
  result: new Refusal('login_wrong'),
  event: { action: 'login', result: 'refused', detail, subject: user?.id, role: user?.role },
});

/** A login that cannot be recorded is refused, and does not count. */
async function recordOutcome(
  { audit, loginRate }: AttemptDeps,
  { result, event }: Outcome,
  context: RequestContext,
): Promise<void> {
  if (event === undefined) return;
  try {
    await recordEvent(audit, context, event);
  } catch (fault) {
    if (!(result instanceof Refusal)) await loginRate.refund(result.user.id, context.nowMs).catch(() => {});
    throw fault;
  }
}
