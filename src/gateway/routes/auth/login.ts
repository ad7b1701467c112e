import { z } from 'zod';
import type { AuditTrail } from '../../../audit/event.ts';
import { readJsonBody } from '../../../http/input.ts';
import { Refusal } from '../../../refusal.ts';
import {
  type SessionDeps,
  type SessionOpener,
  type StartedSession,
  type StartReason,
  startSession,
} from '../../../sessions/start.ts';
import { isAddressAllowed } from '../../../users/authorization.ts';
import type { LoginLimiter } from '../../../users/login-limiter.ts';
import { passwordSchema } from '../../../users/password-rules.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';
import { findUserByName, type User } from '../../../users/users.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import { isFromSite } from '../../pipeline/credential.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import { auditFields } from '../../request-context.ts';
import type { Site } from '../../site.ts';
import { deviceOf } from './device.ts';
import { sendTokens } from './token-response.ts';

/** The `client_id` of those who log in here with a password. */
export const FIRST_PARTY_CLIENT = 'portcullis-web';

export const loginSchema = z.strictObject({
  username: z.string().min(1).max(128),
  password: passwordSchema,
  transport: z.enum(['bearer', 'cookie']).default('bearer'),
  remember: z.boolean().default(false),
});
type LoginRequest = z.output<typeof loginSchema>;

export interface LoginDeps extends SessionDeps {
  hasher: PasswordHasher;
  throttle: LoginLimiter;
  site: Site;
  audit: AuditTrail;
  authBodyMaxBytes: number;
}

/** Logs a user in: throttle, password, session. A wrong name and a wrong password are one answer. */
export const login =
  (deps: LoginDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const { incoming, outgoing, clientAddress, nowMs } = c.env;
    const body = await readJsonBody(incoming, outgoing, loginSchema, deps.authBodyMaxBytes);
    if (body instanceof Refusal) return refuse(c.env, body);
    if (body.transport === 'cookie' && !isFromSite(incoming, deps.site))
      return refuse(c.env, new Refusal('csrf'));
    const retryAfterSeconds = await deps.throttle.take(body.username, clientAddress);
    if (retryAfterSeconds > 0) return refuse(c.env, new Refusal('login_throttled', { retryAfterSeconds }));
    const user = await authenticate(deps, body, c);
    if (user === undefined) return refuse(c.env, new Refusal('login_wrong'));
    const session = await startSession(deps, openerOf(c, user, body.remember), nowMs);
    await recordOutcome(deps.audit, c, user.id, session);
    if (session instanceof Refusal) return refuse(c.env, refusalOf(session), { sub: user.id });
    logGrant(c.env, session.claims);
    return sendTokens(c, deps.site, session, body.transport);
  };

/** Whoever is blocked between the password and the session is answered like whoever was blocked before. */
const refusalOf = (refusal: Refusal<StartReason>): Refusal<StartReason | 'login_wrong'> =>
  refusal.reason === 'user_not_active' ? new Refusal('login_wrong', refusal.reason) : refusal;

/** The record tells which older sessions had to end for this one. */
function recordOutcome(
  audit: AuditTrail,
  { env }: GatewayContext,
  actor: string,
  session: StartedSession | Refusal<StartReason>,
): Promise<void> {
  const event = { ...auditFields(env), action: 'login', actor } as const;
  if (session instanceof Refusal)
    return audit.record({ ...event, result: 'refused', detail: session.reason }, env.nowMs);
  const { evicted, claims } = session;
  const detail = evicted.length > 0 ? `ended for it: ${evicted.join(' ')}` : undefined;
  return audit.record({ ...event, result: 'done', session: claims.sid, detail }, env.nowMs);
}

const openerOf = ({ env }: GatewayContext, user: User, remember: boolean): SessionOpener => ({
  userId: user.id,
  role: user.role,
  verifiedGeneration: user.generation,
  clientId: FIRST_PARTY_CLIENT,
  device: deviceOf(env.incoming.headers['user-agent']),
  address: env.clientAddress,
  remember,
});

/**
 * The user whose password this is, who is not blocked and comes from where they may, or undefined for every other
 * case, after the same work.
 */
async function authenticate(
  { redis, hasher, throttle, audit }: LoginDeps,
  { username, password }: LoginRequest,
  c: GatewayContext,
): Promise<User | undefined> {
  const { clientAddress, nowMs } = c.env;
  const user = await findUserByName(redis, username);
  const matches = await hasher.verify(password, user?.passwordHash).catch(async (fault: unknown) => {
    await throttle.giveBack(username, clientAddress);
    throw fault;
  });
  const fault = loginFault(user, matches, clientAddress);
  if (fault === undefined) {
    await throttle.succeeded(username, clientAddress);
    return user;
  }
  const event = { ...auditFields(c.env), action: 'login', result: 'refused', detail: fault } as const;
  await audit.record({ ...event, subject: user?.id }, nowMs);
  return undefined;
}

/** Why this is no log-in, for the audit trail; the client is told the same of all. */
function loginFault(user: User | undefined, matches: boolean, address: string): string | undefined {
  if (user === undefined) return 'no such user';
  if (!matches) return 'wrong password';
  if (user.status !== 'active') return 'user_not_active';
  return isAddressAllowed(user, address) ? undefined : 'address_refused';
}
