import { z } from 'zod';
import { parseRanges } from '../../../http/addresses.ts';
import { idParameter } from '../../../http/operation.ts';
import { roleSchema } from '../../../users/roles.ts';
import type { User } from '../../../users/users.ts';

export const userIdParameter = idParameter('id', 'A user id');

const MAX_RANGES = 50;

export const rangesSchema = z
  .array(
    z
      .string()
      .max(64)
      .refine((range) => parseRanges([range]) !== undefined, 'must be an address or a CIDR range'),
  )
  .max(MAX_RANGES);

export const userSchema = z
  .strictObject({
    id: z.string(),
    username: z.string(),
    display_name: z.string(),
    role: roleSchema,
    status: z.enum(['active', 'blocked']),
    created_at: z.iso.datetime(),
    email: z.string().nullable().describe('The confirmed address'),
    unconfirmed_email: z.string().nullable(),
    ranges: z
      .array(z.string())
      .describe('Allowed addresses and CIDR ranges. Empty if any address is allowed.'),
  })
  .meta({ id: 'User' });

/** A user as staff see it. */
export const userView = (user: User): z.output<typeof userSchema> => ({
  id: user.id,
  username: user.username,
  display_name: user.displayName,
  role: user.role,
  status: user.status,
  created_at: user.created,
  email: user.email ?? null,
  unconfirmed_email: user.pendingEmail?.address ?? null,
  ranges: user.ranges ?? [],
});
