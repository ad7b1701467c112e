import { Refusal } from '../refusal.ts';
import { ROLES, type Role } from './roles.ts';

export interface Actor {
  id: string;
  role: Role;
}

/**
 * Whether a member of staff may act on a user: never on themself (so nobody gives themself rights, or locks the
 * bank out by mistake), and only on a lower role. A super-admin may act on all others.
 */
export function mayActOn(
  actor: Actor,
  target: { id: string; role: Role },
): undefined | Refusal<'own_account' | 'rank_too_low'> {
  if (actor.id === target.id) return new Refusal('own_account');
  const isBelow = ROLES.indexOf(target.role) < ROLES.indexOf(actor.role);
  return isBelow || actor.role === 'super-admin' ? undefined : new Refusal('rank_too_low');
}
