import { z } from 'zod';
import { ROLES, roleSchema } from '../roles.ts';

/** An id of a user or session. Nothing else may get into a key. */
const id = z.string().regex(/^[\w-]{1,64}$/);

const SESSIONS_MAX = 10_000;
const RANGES_MAX = 65_536;

/** What a user is authorized to do after a change of the user. Texts are as in the hash under `userKey`. */
const userState = z.strictObject({
  user: id,
  ver: z.int().nonnegative(),
  gen: z.int().nonnegative(),
  role: roleSchema,
  status: z.enum(['active', 'blocked']),
  /** JSON, or empty for any address. */
  ranges: z.string().max(RANGES_MAX).refine(isRanges),
  /** Only if the change set a password. */
  passwordHash: z.string().max(1024).optional(),
  passwordVia: z.string().max(1024).optional(),
});

const endedSessions = z.strictObject({
  user: id,
  /** The ids of the sessions that have ended. */
  sessions: z.array(id).max(SESSIONS_MAX).optional(),
});

/** A message on the revocations channel: one revocation, about 100 bytes, or 300 with a password hash. */
const revocationMessage = z.union([userState, endedSessions]);

/** The state of a user, with the version in which the password was set if that is known. */
export type UserState = z.output<typeof userState> & { passwordVer?: number };

/** A session that has ended, or the state of a user after a change. */
export type RevocationEntry =
  | { user: string; session: string; state?: undefined }
  | { user: string; session?: undefined; state: UserState };

/** The user whom a message is about. Messages of earlier versions are nothing but the id of the user. */
export const revokedUser = (message: string): string => parseMessage(message)?.user ?? message;

/** What a message says has been revoked. Nothing for a message of an earlier version, or one that is malformed. */
export function entriesOf(message: string): RevocationEntry[] {
  const revocation = parseMessage(message);
  if (revocation === undefined) return [];
  const { user } = revocation;
  if ('ver' in revocation) {
    const { passwordHash, ver } = revocation;
    return [{ user, state: passwordHash === undefined ? revocation : { ...revocation, passwordVer: ver } }];
  }
  return (revocation.sessions ?? []).map((session) => ({ user, session }));
}

function isRanges(text: string): boolean {
  if (text === '') return true;
  try {
    return z.array(z.string()).min(1).safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

function parseMessage(message: string): z.output<typeof revocationMessage> | undefined {
  if (!message.startsWith('{')) return undefined;
  try {
    return revocationMessage.safeParse(JSON.parse(message)).data;
  } catch {
    return undefined;
  }
}

/**
 * The state after a change that was heard of later. A later change has a higher version. If it has not, a failover has
 * lost what came before, and neither is known to be newer: then whatever allows less is kept.
 */
export function mergeStates(known: UserState, later: UserState): UserState {
  const isNewer = later.ver > known.ver;
  const merged = isNewer ? later : { ...stricter(known, later), ver: known.ver };
  const gen = Math.max(known.gen, later.gen);
  const isPasswordNewer = (later.passwordVer ?? -1) >= (known.passwordVer ?? -1);
  const { passwordHash, passwordVia, passwordVer } = isPasswordNewer ? later : known;
  return {
    ...merged,
    gen,
    ...(passwordVer !== undefined && { passwordVer }),
    ...(passwordHash !== undefined && { passwordHash }),
    ...(passwordVia !== undefined && { passwordVia }),
  };
}

/** As the script that replays does it. */
function stricter(one: UserState, other: UserState): UserState {
  return {
    ...one,
    status: one.status === 'blocked' ? 'blocked' : other.status,
    role: ROLES[Math.min(ROLES.indexOf(one.role), ROLES.indexOf(other.role))] ?? 'user',
    ranges: other.ranges === '' ? one.ranges : other.ranges,
  };
}
