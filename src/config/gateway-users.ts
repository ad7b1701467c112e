import type { z } from 'zod';
import { integer, oneOf } from './fields.ts';

const MIB = 1024 * 1024;

/** The gateway's settings for sessions, logins, registration and password resets. */
export const usersShape = {
  SESSION_IDLE_SECONDS: integer(10, 86_400)
    .default(900)
    .describe(
      'idle timeout: a session ends after this many seconds without user activity; 300 satisfies PSD2 RTS, article 4(3)',
    ),
  SESSION_ABSOLUTE_SECONDS: integer(10, 2_592_000)
    .default(43_200)
    .describe('absolute session lifetime: a session ends this many seconds after login'),
  SESSION_REMEMBER_SECONDS: integer(10, 31_536_000)
    .default(2_592_000)
    .describe('absolute session lifetime for "remember me" logins (not available to staff)'),
  REFRESH_GRACE_SECONDS: integer(0, 60)
    .default(10)
    .describe('grace period in which a rotated refresh token is still accepted'),
  SESSIONS_PER_USER_MAX: integer(1, 1000)
    .default(5)
    .describe('maximum concurrent sessions per user; 1 allows a single session'),
  SESSIONS_PER_USER_POLICY: oneOf('evict-oldest', 'refuse')
    .default('evict-oldest')
    .describe('what happens at a login beyond the maximum: `evict-oldest` or `refuse`'),
  SESSION_DATA_MAX_BYTES: integer(0, MIB)
    .default(4096)
    .describe("maximum size of the application's data in a session"),
  LOGIN_FAILURES_PER_USERNAME: integer(1, 1000)
    .default(5)
    .describe('consecutive wrong passwords per username before 429, from devices that are not known'),
  LOGIN_FAILURES_PER_DEVICE: integer(1, 1000)
    .default(10)
    .describe('consecutive wrong passwords per known device before it counts as unknown'),
  LOGIN_FAILURES_PER_ADDRESS: integer(1, 100_000)
    .default(20)
    .describe(
      'wrong passwords per client address and window before 429; an IPv6 /64 counts as one address, a /56 has 4 times and a /48 16 times as many',
    ),
  LOGIN_FAILURE_WINDOW_SECONDS: integer(1, 86_400)
    .default(900)
    .describe('time window in which login failures are counted'),
  LOGINS_PER_USER_PER_MINUTE: integer(1, 100_000)
    .default(10)
    .describe('logins with the right password per user and minute before 429'),
  DEVICE_TOKEN_TTL_SECONDS: integer(60, 34_560_000)
    .default(15_552_000)
    .describe('how long a device stays known after a login'),
  REGISTRATION: oneOf('closed', 'open')
    .default('closed')
    .describe('whether self-registration is allowed: `closed` or `open`'),
  REGISTRATIONS_PER_ADDRESS: integer(1, 100_000)
    .default(5)
    .describe('registration attempts per client address and window before 429; IPv6 as for logins'),
  REGISTRATION_WINDOW_SECONDS: integer(1, 86_400)
    .default(3600)
    .describe('time window in which registration attempts are counted'),
  RESETS_PER_USERNAME: integer(1, 1000)
    .default(3)
    .describe(
      'password reset requests per username and client address, or per known device, and window before 429',
    ),
  RESETS_PER_ADDRESS: integer(1, 100_000)
    .default(10)
    .describe('password reset requests per client address and window before 429; IPv6 as for logins'),
  RESET_MAILS_PER_USERNAME: integer(1, 1000)
    .default(10)
    .describe('password reset emails per user and window that unknown devices can request'),
  RESET_WINDOW_SECONDS: integer(1, 86_400)
    .default(3600)
    .describe('time window in which password reset requests are counted'),
} satisfies z.ZodRawShape;
