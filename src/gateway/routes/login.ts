import { z } from 'zod';
import type { PasswordHasher } from '../../identity/passwords.ts';
import { findUserByName, type User } from '../../identity/users.ts';
import type { RedisLink } from '../../redis/connect.ts';
import { Refusal } from '../../refusal.ts';
import { type SessionTerms, type StartedSession, startSession } from '../../session/start.ts';
import type { KeyRing } from '../../token/key-ring.ts';
import type { GatewayContext } from '../admission.ts';
import { logGrant, refuse } from '../arrival.ts';
import { isFromSite, type Site } from '../credential.ts';
import { BodyRefusal, readJsonBody } from '../json-body.ts';
import type { LoginThrottle } from '../login-throttle.ts';
import { sessionCookie } from '../session-cookie.ts';

/** The `client_id` of those who log in here with a password. */
const FIRST_PARTY_CLIENT = 'portcullis-web';

export const loginSchema = z.strictObject({
  username: z.string().min(1).max(128),
  password: z.string().min(1).max(256),
  transport: z.enum(['bearer', 'cookie']).default('bearer'),
});
type LoginRequest = z.output<typeof loginSchema>;

export interface LoginParts {
  redis: RedisLink;
  ring: KeyRing;
  terms: SessionTerms;
  hasher: PasswordHasher;
  throttle: LoginThrottle;
  site: Site;
  authBodyMaxBytes: number;
}

/** Logs a user in: throttle, password, session. A wrong name and a wrong password are one answer. */
export const login =
  (parts: LoginParts) =>
  async (c: GatewayContext): Promise<Response> => {
    const { incoming, outgoing, clientAddress } = c.env;
    const body = await readJsonBody(incoming, outgoing, loginSchema, parts.authBodyMaxBytes);
    if (body instanceof BodyRefusal) return refuse(c.env, body, {}, { errors: body.errors });
    if (body.transport === 'cookie' && !isFromSite(incoming, parts.site))
      return refuse(c.env, new Refusal('csrf'));
    const retryAfterSeconds = await parts.throttle.take(body.username, clientAddress);
    if (retryAfterSeconds > 0)
      return refuse(c.env, new Refusal('login_throttled'), {}, { retryAfterSeconds });
    const user = await authenticate(parts, body, clientAddress);
    if (user === undefined) return refuse(c.env, new Refusal('login_wrong'));
    const session = await startSession(
      parts.redis,
      parts.ring,
      parts.terms,
      { id: user.id, clientId: FIRST_PARTY_CLIENT },
      c.env.nowMs,
    );
    logGrant(c.env, session.claims);
    return answer(c, parts, body, session);
  };

/** The user whose password this is, or undefined for every other case, after the same work. */
async function authenticate(
  { redis, hasher, throttle }: LoginParts,
  { username, password }: LoginRequest,
  clientAddress: string,
): Promise<User | undefined> {
  const user = await findUserByName(redis, username);
  const matches = await hasher.verify(password, user?.passwordHash).catch(async (fault: unknown) => {
    await throttle.giveBack(username, clientAddress);
    throw fault;
  });
  if (!matches || user?.role === undefined) return undefined;
  await throttle.succeeded(username, clientAddress);
  return user;
}

function answer(c: GatewayContext, parts: LoginParts, body: LoginRequest, session: StartedSession): Response {
  const { accessToken, claims } = session;
  const expiresIn = claims.exp - claims.iat;
  c.header('cache-control', 'no-store');
  if (body.transport === 'bearer') {
    return c.json({
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: expiresIn,
      session_id: claims.sid,
    });
  }
  c.header('set-cookie', sessionCookie(parts.site, accessToken, expiresIn));
  return c.json({ expires_in: expiresIn, session_id: claims.sid });
}
