import { z } from 'zod';
import type { AuditTrail } from '../../../audit/event.ts';
import { readJsonBody } from '../../../http/input.ts';
import type { RedisLink } from '../../../redis/connection.ts';
import type { RateLimiter } from '../../../redis/rate-limiter.ts';
import { Refusal } from '../../../refusal.ts';
import { displayNameSchema, emailSchema, registeredUsernameSchema } from '../../../users/fields.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';
import { addUser } from '../../../users/users.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import { auditFields } from '../../request-context.ts';
import { hashNewPassword } from './new-password.ts';

export const registerSchema = z.strictObject({
  username: registeredUsernameSchema,
  password: z.string().max(1024),
  display_name: displayNameSchema.optional(),
  email: emailSchema.optional(),
});

export const registeredResponseSchema = z.strictObject({ id: z.string(), username: z.string() });

export interface RegisterDeps {
  redis: RedisLink;
  hasher: PasswordHasher;
  audit: AuditTrail;
  authBodyMaxBytes: number;
  registration: 'closed' | 'open';
  registrationThrottle: RateLimiter;
}

/**
 * Makes an account for whoever asks, with the least of the roles, where that is open. A free and a taken name cost
 * the same work; that a name is taken can't be kept secret here, so tries are counted instead.
 */
export const register =
  (deps: RegisterDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const { incoming, outgoing, clientAddress, nowMs } = c.env;
    if (deps.registration === 'closed') return refuse(c.env, new Refusal('route_unknown'));
    const body = await readJsonBody(incoming, outgoing, registerSchema, deps.authBodyMaxBytes);
    if (body instanceof Refusal) return refuse(c.env, body);
    const retryAfterSeconds = await deps.registrationThrottle.take(clientAddress);
    if (retryAfterSeconds > 0) return refuse(c.env, new Refusal('act_throttled', { retryAfterSeconds }));
    const { username, password, display_name: displayName = username, email } = body;
    const passwordHash = await hashNewPassword(deps.hasher, { field: 'password', password, username });
    if (passwordHash instanceof Refusal) return refuse(c.env, passwordHash);
    const newUser = { username, displayName, email, passwordHash, role: 'user' } as const;
    const user = await addUser(deps.redis, newUser, new Date(nowMs));
    const event = { ...auditFields(c.env), action: 'user_register' } as const;
    if (user instanceof Refusal) {
      await deps.audit.record({ ...event, result: 'refused', detail: user.reason }, nowMs);
      return refuse(c.env, user);
    }
    await deps.audit.record({ ...event, result: 'done', actor: user.id, subject: user.id }, nowMs);
    logGrant(c.env, { sub: user.id });
    const answer: z.output<typeof registeredResponseSchema> = { id: user.id, username };
    return c.json(answer, 201);
  };
