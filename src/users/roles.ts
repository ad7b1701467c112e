import { z } from 'zod';

/** The roles, each including what the one before may do. */
export const ROLES = ['user', 'supervisor', 'admin', 'super-admin'] as const;
export const roleSchema = z.enum(ROLES);
export type Role = (typeof ROLES)[number];

/** Scope tokens (RFC 6749, section 3.3). A right is something a rule or a route asks for by name. */
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

/** The scopes of a role. A role that isn't known has none. */
export const scopesOf = (role: Role): ReadonlySet<Scope> => SCOPES_OF_ROLE.get(role) ?? NO_SCOPES;
