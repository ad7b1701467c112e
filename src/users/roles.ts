import { z } from 'zod';
import { Refusal } from '../refusal.ts';

/** The roles. Each includes the scopes of the previous one. */
export const ROLES = ['user', 'supervisor', 'admin', 'super-admin'] as const;
export const roleSchema = z.enum(ROLES);
export type Role = (typeof ROLES)[number];

/** Scope tokens (RFC 6749, section 3.3). Rules and routes require them by name. */
export const SCOPES = [
  'session:own',
  'accounts:read',
  'transfers:write',
  'accounts:read-any',
  'users:manage',
  'sessions:manage',
  'audit:read',
  'roles:manage',
] as const;
export const scopeSchema = z.enum(SCOPES);
export type Scope = (typeof SCOPES)[number];

const ADDED_BY_ROLE: Record<Role, readonly Scope[]> = {
  user: ['session:own', 'accounts:read', 'transfers:write'],
  supervisor: ['accounts:read-any'],
  admin: ['users:manage', 'sessions:manage', 'audit:read'],
  'super-admin': ['roles:manage'],
};

const SCOPES_OF_ROLE = new Map(
  ROLES.map((role, rank) => [
    role,
    new Set(ROLES.slice(0, rank + 1).flatMap((lower) => ADDED_BY_ROLE[lower])),
  ]),
);

const NO_SCOPES: ReadonlySet<Scope> = new Set();

/** The scopes of a role. An unknown role has none. */
export const scopesOf = (role: Role): ReadonlySet<Scope> => SCOPES_OF_ROLE.get(role) ?? NO_SCOPES;

/** Which scope, if the role has it, lets a granted scope reach the accounts of all customers and not only the own ones. */
const QUALIFIERS: Partial<Record<Scope, Scope>> = {
  'accounts:read': 'accounts:read-any',
  'transfers:write': 'accounts:read-any',
};

/** A granted scope, and the one that says whose data it reaches. An upstream needs no other. */
export function withQualifiers(scope: Scope, role: Role): Scope[] {
  const qualifier = QUALIFIERS[scope];
  return qualifier !== undefined && scopesOf(role).has(qualifier) ? [scope, qualifier] : [scope];
}

export interface Actor {
  id: string;
  role: Role;
}

/**
 * Whether staff may manage a user. Nobody may manage their own account, so that nobody raises their own role or
 * locks everybody out by mistake. Staff may manage users with a lower role; super-admins may manage all other users.
 */
export function mayActOn(actor: Actor, target: Actor): undefined | Refusal<'own_account' | 'rank_too_low'> {
  if (actor.id === target.id) return new Refusal('own_account');
  const isBelow = ROLES.indexOf(target.role) < ROLES.indexOf(actor.role);
  return isBelow || actor.role === 'super-admin' ? undefined : new Refusal('rank_too_low');
}
