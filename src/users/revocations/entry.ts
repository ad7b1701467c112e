import { z } from 'zod';
import { roleSchema } from '../roles.ts';

/** What a user is authorized to do after a change of the user. Texts are as in the hash under `userKey`. */
const userState = z.strictObject({
  user: z.string(),
  ver: z.int(),
  gen: z.int(),
  role: roleSchema,
  status: z.enum(['active', 'blocked']),
  /** JSON, or empty for any address. */
  ranges: z.string(),
  /** Only if the change set a password. */
  passwordHash: z.string().optional(),
  passwordVia: z.string().optional(),
});

const endedSessions = z.strictObject({
  user: z.string(),
  /** The ids of the sessions that have ended. */
  sessions: z.array(z.string()).optional(),
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

function parseMessage(message: string): z.output<typeof revocationMessage> | undefined {
  if (!message.startsWith('{')) return undefined;
  try {
    return revocationMessage.safeParse(JSON.parse(message)).data;
  } catch {
    return undefined;
  }
}

/**
 * The state after both changes: that of the higher version, with the password that was set last, and never an older
 * generation.
 */
export function mergeStates(one: UserState, other: UserState): UserState {
  const [older, newer] = one.ver <= other.ver ? [one, other] : [other, one];
  const gen = Math.max(older.gen, newer.gen);
  if (newer.passwordVer !== undefined || older.passwordVer === undefined) return { ...newer, gen };
  const { passwordHash, passwordVia, passwordVer } = older;
  return {
    ...newer,
    gen,
    passwordVer,
    ...(passwordHash !== undefined && { passwordHash }),
    ...(passwordVia !== undefined && { passwordVia }),
  };
}
