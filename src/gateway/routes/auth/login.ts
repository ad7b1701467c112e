import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { ANYONE, jsonBody, type Operation } from '../../../http/operation.ts';
import type { AccountMail } from '../../../mail/account-mail.ts';
import type { RateLimiter } from '../../../redis/rate-limiter.ts';
import { Refusal } from '../../../refusal.ts';
import type { SessionDeps, StartReason } from '../../../sessions/start.ts';
import { isAddressAllowed } from '../../../users/authorization.ts';
import { upgradeHashLater } from '../../../users/hashes/upgrade.ts';
import {
  type Device,
  deviceOfUser,
  MAX_DEVICE_TOKEN_CHARACTERS,
} from '../../../users/logins/device-token.ts';
import type { LoginClient, LoginLimiter } from '../../../users/logins/login-limiter.ts';
import { passwordSchema } from '../../../users/password-rules.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';
import { findUser, findUserByName, type User } from '../../../users/users.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import { isFromSite } from '../../pipeline/credential.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { recordEvent } from '../../request-context.ts';
import { type DeviceDeps, issueDevice, presentedDevice } from './device.ts';
import { announceLogin } from './login-notice.ts';
import { openSession } from './login-session.ts';
import { sendTokens, TOKEN_RESPONSES } from './tokens.ts';

const loginSchema = z
  .strictObject({
    username: z.string().min(1).max(128),
    password: passwordSchema,
    transport: z.enum(['bearer', 'cookie']).default('bearer'),
    remember: z.boolean().default(false),
    device_token: z
      .string()
      .max(MAX_DEVICE_TOKEN_CHARACTERS)
      .optional()
      .describe(
        'From an earlier login of this user. Browsers send it as a cookie. It is ignored if it is not valid.',
      ),
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
    'An unknown username and a wrong password get the same response. Failed attempts are rate-limited. Those of a ' +
    'device that presents the device token of an earlier login are counted apart from all others, so that nobody ' +
    'else can lock it out. A device token is not a credential.',
  access: ANYONE,
  body: jsonBody(loginSchema),
  responses: TOKEN_RESPONSES,
  refusals: [
    'csrf',
    'login_wrong',
    'login_throttled',
    'login_rate_exceeded',
    'password_queue_full',
    'too_many_sessions',
    'redis_unavailable',
  ],
};

export interface LoginDeps extends SessionDeps, DeviceDeps {
  accountMail: AccountMail | undefined;
  hasher: PasswordHasher;
  loginLimiter: LoginLimiter;
  /** Counts logins with the right password by user id. */
  loginRate: RateLimiter;
  audit: AuditLog;
}

export const login =
  (deps: LoginDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const body = await c.env.body.json(loginSchema);
    if (body instanceof Refusal) return refuse(c.env, body);
    if (body.transport === 'cookie' && !isFromSite(c.env.incoming, deps.site))
      return refuse(c.env, new Refusal('csrf'));
    const device = presentedDevice(deps, c, body.device_token);
    const user = await authenticate(deps, { ...body, device }, c);
    if (user instanceof Refusal) return refuse(c.env, user);
    upgradeHashLater(deps, c.env.log, user, body.password);
    const session = await openSession(deps, { user, remember: body.remember }, c).catch(async (fault) => {
      await deps.loginRate.refund(user.id, c.env.nowMs).catch(() => {});
      throw fault;
    });
    if (session instanceof Refusal) return refuse(c.env, loginRefusal(session), { sub: user.id });
    announceLogin(deps, c.env, user, deviceOfUser(device, user));
    logGrant(c.env, session.claims);
    return sendTokens(c, deps.site, session, body.transport, issueDevice(deps, device, user, c.env.nowMs));
  };

/** A user who is blocked between the password check and the start of the session gets the same response as before. */
const loginRefusal = (refusal: Refusal<StartReason>): Refusal<StartReason | 'login_wrong'> =>
  refusal.reason === 'user_not_active' ? new Refusal('login_wrong', refusal.reason) : refusal;

/**
 * The active user with this name and password. Every failed login takes the same work, whatever its cause. The user may
 * have been blocked or given other address ranges while the password waited to be checked.
 */
async function authenticate(
  { redis, hasher, loginLimiter, loginRate, audit }: LoginDeps,
  { username, password, device: presented }: LoginRequest & { device: Device | undefined },
  { env }: GatewayContext,
): Promise<User | Refusal<LoginReason>> {
  const { clientAddress: address, nowMs } = env;
  const lookup = findUserByName(redis, username);
  // If the limiter fails first, nobody awaits it.
  lookup.catch(() => {});
  const client = { username, address, ...(presented && knownClient(presented, await lookup)) };
  const attempt = await loginLimiter.attempt(client, nowMs, async () => {
    const user = await lookup;
    const fault = loginFault(user, await hasher.verify(password, user?.passwordHash), address);
    if (user === undefined || fault !== undefined) return { verdict: 'wrong', fault };
    const [userNow, retryAfterSeconds] = await Promise.all([
      findUser(redis, user.id),
      loginRate.take(user.id, nowMs),
    ]);
    const faultNow = loginFault(userNow, true, address);
    if (faultNow !== undefined) {
      if (retryAfterSeconds === 0) await loginRate.refund(user.id, nowMs);
      return { verdict: 'wrong', fault: faultNow };
    }
    return retryAfterSeconds > 0 ? { verdict: 'surplus', retryAfterSeconds } : { verdict: 'right', user };
  });
  const user = await lookup;
  if (attempt instanceof Refusal) return attempt;
  if (attempt.verdict === 'right') return attempt.user;
  if (attempt.verdict === 'surplus') return new Refusal('login_rate_exceeded', attempt);
  const { fault: detail } = attempt;
  const event = { action: 'login', result: 'refused', detail } as const;
  await recordEvent(audit, env, { ...event, subject: user?.id, role: user?.role });
  return new Refusal('login_wrong');
}

/** A device that the user has logged in from before, and whether they are staff, decide how long the login may wait. */
const knownClient = (presented: Device, user: User | undefined): Pick<LoginClient, 'device' | 'isStaff'> => ({
  device: deviceOfUser(presented, user),
  isStaff: user !== undefined && user.role !== 'user',
});

type LoginReason = 'login_throttled' | 'login_rate_exceeded' | 'password_queue_full' | 'login_wrong';

/** Why the login failed, for the audit log. The client does not learn it. */
function loginFault(user: User | undefined, matches: boolean, address: string): string | undefined {
  if (user === undefined) return 'no such user';
  if (!matches) return 'wrong password';
  if (user.status !== 'active') return 'user_not_active';
  return isAddressAllowed(user, address) ? undefined : 'address_refused';
}
