import { z } from 'zod';
import { RedisUnavailable } from '../redis/connect.ts';
import { roleSchema } from './roles.ts';

const standingSchema = z.strictObject({ role: roleSchema });

/** What an active user may do, as Redis has it now. It is read on every request, never from the token. */
export type Standing = z.output<typeof standingSchema>;

export const writeAuthz = (standing: Standing): string => JSON.stringify(standing);

/** Reads what `writeAuthz` wrote. @throws {RedisUnavailable} when it is anything else: nobody gets in by it. */
export function readAuthz(text: string): Standing {
  try {
    return standingSchema.parse(JSON.parse(text));
  } catch (fault) {
    throw new RedisUnavailable('an authorisation entry is not what was written', { cause: fault });
  }
}
