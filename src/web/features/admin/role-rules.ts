import type { Role } from '../../../users/roles.ts';

/** Only for what is shown: the server checks each request. */
const RANKS: Record<Role, number> = { user: 0, supervisor: 1, admin: 2, 'super-admin': 3 };

/** From the lowest to the highest rank. */
export const ROLES = Object.keys(RANKS) as Role[];

interface RankedUser {
  id: string;
  role: Role;
}

/** The reason, as a sentence, if this operator cannot manage the user. */
export function whyNotManageable(operator: RankedUser, user: RankedUser): string | undefined {
  if (operator.id === user.id) return 'This is your own account. Only other operators can change it.';
  if (operator.role === 'super-admin' || RANKS[user.role] < RANKS[operator.role]) return undefined;
  return `Your role is ${operator.role}, and this user's role is ${user.role}. Only a higher role can manage this user.`;
}
