import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { ANYONE, jsonBody, type Operation } from '../../../http/operation.ts';
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
import type { GatewayReason } from '../../problems/table.ts';
import { recordEvent } from '../../request-context.ts';
import type { Site } from '../../site.ts';
import { deviceNameOf } from './device-name.ts';
import { sendTokens, TOKEN_RESPONSES } from './tokens.ts';

/** The `client_id` of tokens from a login with a password. */
export const FIRST_PARTY_CLIENT = 'portcullis-web';

const loginSchema = z
  .strictObject({
    username: z.string().min(1).max(128),
    password: passwordSchema,
    transport: z.enum(['bearer', 'cookie']).default('bearer'),
    remember: z.boolean().default(false),
  })
  .meta({ id: 'LogIn' });
type LoginRequest = z.output<typeof loginSchema>;

export const loginOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/auth/login',
  id: 'logIn',
  tag: 'Authentication',
  summary: 'Log in with username and password',
  description:
    'An unknown username and a wrong password get the same response. Failed attempts are rate-limited.',
  access: ANYONE,
  body: jsonBody(loginSchema),
  responses: TOKEN_RESPONSES,
  refusals: [
    'csrf',
    'login_wrong',
    'login_throttled',
    'password_queue_full',
    'too_many_sessions',
    'redis_unavailable',
  ],
};

export interface LoginDeps extends SessionDeps {
  hasher: PasswordHasher;
  loginLimiter: LoginLimiter;
  site: Site;
  audit: AuditLog;
}

export const login =
  (deps: LoginDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const body = await c.env.body.json(loginSchema);
    if (body instanceof Refusal) return refuse(c.env, body);
    if (body.transport === 'cookie' && !isFromSite(c.env.incoming, deps.site))
      return refuse(c.env, new Refusal('csrf'));
    const user = await authenticate(deps, body, c);
    if (user instanceof Refusal) return refuse(c.env, user);
    const session = await startSession(deps, openerOf(c, user, body.remember), c.env.nowMs);
    await recordOutcome(deps.audit, c, user, session);
    if (session instanceof Refusal) return refuse(c.env, loginRefusal(session), { sub: user.id });
    logGrant(c.env, session.claims);
    return sendTokens(c, deps.site, session, body.transport);
  };

/** A user who is blocked between the password check and the start of the session gets the same response as before. */
const loginRefusal = (refusal: Refusal<StartReason>): Refusal<StartReason | 'login_wrong'> =>
  refusal.reason === 'user_not_active' ? new Refusal('login_wrong', refusal.reason) : refusal;

/** The audit record of a login names the sessions that it replaced. */
function recordOutcome(
  audit: AuditLog,
  { env }: GatewayContext,
  { id: actor, role }: User,
  session: StartedSession | Refusal<StartReason>,
): Promise<void> {
  const event = { action: 'login', actor, role } as const;
  if (session instanceof Refusal)
    return recordEvent(audit, env, { ...event, result: 'refused', detail: session.reason });
  const { evicted, claims } = session;
  const detail = evicted.length > 0 ? `ended for it: ${evicted.join(' ')}` : undefined;
  return recordEvent(audit, env, { ...event, result: 'done', session: claims.sid, detail });
}

const openerOf = ({ env }: GatewayContext, user: User, remember: boolean): SessionOpener => ({
  userId: user.id,
  role: user.role,
  verifiedGeneration: user.generation,
  clientId: FIRST_PARTY_CLIENT,
  device: deviceNameOf(env.incoming.headers['user-agent']),
  address: env.clientAddress,
  remember,
});

/** The active user with this name and password. Every failed login takes the same work, whatever its cause. */
async function authenticate(
  { redis, hasher, loginLimiter, audit }: LoginDeps,
  { username, password }: LoginRequest,
  { env }: GatewayContext,
): Promise<User | Refusal<'login_throttled' | 'login_wrong'>> {
  const { clientAddress } = env;
  const attempt = await loginLimiter.attempt(username, clientAddress, async () => {
    const user = await findUserByName(redis, username);
    const fault = loginFault(user, await hasher.verify(password, user?.passwordHash), clientAddress);
    return { succeeded: fault === undefined, user, fault };
  });
  if (attempt instanceof Refusal) return attempt;
  const { user, fault } = attempt;
  if (user !== undefined && fault === undefined) return user;
  const event = { action: 'login', result: 'refused', detail: fault } as const;
  await recordEvent(audit, env, { ...event, subject: user?.id, role: user?.role });
  return new Refusal('login_wrong');
}

/** Why the login failed, for the audit log. The client does not learn it. */
function loginFault(user: User | undefined, matches: boolean, address: string): string | undefined {
  if (user === undefined) return 'no such user';
  if (!matches) return 'wrong password';
  if (user.status !== 'active') return 'user_not_active';
  return isAddressAllowed(user, address) ? undefined : 'address_refused';
}
