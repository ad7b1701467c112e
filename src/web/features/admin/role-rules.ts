import type { Role } from '../../../identity/roles.ts';

/** Where each role stands. The server judges for itself (src/users/roles.ts); this is for what to offer. */
const RANKS: Record<Role, number> = { user: 0, supervisor: 1, admin: 2, 'super-admin': 3 };

/** From the least to the most powerful. */
export const ROLES = Object.keys(RANKS) as Role[];

export interface Ranked {
  id: string;
  role: Role;
}

/** Why nothing can be done to a user, in a sentence, or undefined. */
export function whyNot(me: Ranked, user: Ranked): string | undefined {
  if (me.id === user.id) return 'This is your own account. Only others can change what it may do.';
  if (me.role === 'super-admin' || RANKS[user.role] < RANKS[me.role]) return undefined;
  return `Your role is ${me.role}, and this user's is ${user.role}: only a higher role can change anything here.`;
}
