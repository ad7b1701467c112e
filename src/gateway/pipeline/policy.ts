import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Refusal } from '../../refusal.ts';
import type { Authorization } from '../../users/authorization.ts';
import { type Scope, scopeSchema, scopesOf } from '../../users/roles.ts';

export type PolicyReason = 'no_rule' | 'scope_missing';

const ruleSchema = z.strictObject({
  methods: z.array(z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])).min(1),
  path: z.string().regex(/^\/(?:[A-Za-z0-9\-._~]+\/|\*\/)*(?:[A-Za-z0-9\-._~]+|\*|\*\*)?$/),
  scope: scopeSchema,
  kind: z.enum(['ordinary', 'search', 'stream', 'transfer']).default('ordinary'),
});

/**
 * A rule: requests with one of `methods` to `path` need `scope`. In a path, `*` matches one segment and `**` at the
 * end everything below. The path is that of the upstream, without the `/bank` prefix. `GET` includes `HEAD`.
 *
 * `kind` says which limits apply besides those of every request: `search` reads much to return little, `stream` stays
 * open, and `transfer` moves money.
 */
export type PolicyRule = z.input<typeof ruleSchema>;

export type RequestKind = z.output<typeof ruleSchema>['kind'];

/** What a rule has granted to one request. */
export interface Grant {
  /** The scope of the rule, which the user's role has. */
  scope: Scope;
  kind: RequestKind;
  /** The path of the rule. */
  pattern: string;
}

/** The rules for the demo bank. Requests that match no rule are denied. */
export const BANK_RULES: readonly PolicyRule[] = [
  { methods: ['GET'], path: '/accounts', scope: 'accounts:read' },
  { methods: ['GET'], path: '/accounts/*', scope: 'accounts:read' },
  { methods: ['GET'], path: '/accounts/*/transactions', scope: 'accounts:read' },
  { methods: ['GET'], path: '/accounts/*/transactions/search', scope: 'accounts:read', kind: 'search' },
  { methods: ['GET'], path: '/accounts/*/balance', scope: 'accounts:read' },
  { methods: ['GET'], path: '/accounts/*/spenders', scope: 'accounts:read' },
  { methods: ['GET'], path: '/accounts/*/stream', scope: 'accounts:read', kind: 'stream' },
  { methods: ['POST'], path: '/accounts/*/transfers', scope: 'transfers:write', kind: 'transfer' },
];

/** The policy file is invalid. The message names the place in the file. */
export class PolicyRefused extends Error {
  readonly code = 'policy_refused';
  override readonly name = 'PolicyRefused';
}

/** Reads rules from a JSON file, an array of `PolicyRule`. @throws {PolicyRefused} */
export function readPolicyFile(path: string): PolicyRule[] {
  const parsed = z
    .array(ruleSchema)
    .min(1)
    .safeParse(parseJson(readText(path)));
  if (parsed.success) return parsed.data;
  throw new PolicyRefused(`POLICY_FILE: must be a JSON array of rules: ${z.prettifyError(parsed.error)}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (fault) {
    throw new PolicyRefused('POLICY_FILE: must be a file that this process can read', { cause: fault });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (fault) {
    throw new PolicyRefused(`POLICY_FILE: must be JSON: ${(fault as Error).message}`, { cause: fault });
  }
}

export type Policy = (
  method: string,
  path: string,
  authorization: Authorization,
) => Grant | Refusal<PolicyReason>;

/** Stage 6: may this user send this request? The first rule that matches decides; without a match it is denied. */
export function createPolicy(rules: readonly PolicyRule[]): Policy {
  const compiled = new Map<string, { pattern: RegExp; grant: Grant }[]>();
  for (const { methods, path, scope, kind = 'ordinary' } of rules) {
    for (const method of methods.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]))) {
      const rule = { pattern: patternOf(path), grant: { scope, kind, pattern: path } };
      compiled.set(method, [...(compiled.get(method) ?? []), rule]);
    }
  }
  return (method, path, authorization) => {
    const grant = compiled.get(method)?.find(({ pattern }) => pattern.test(path))?.grant;
    if (grant === undefined) return new Refusal('no_rule');
    return scopesOf(authorization.role).has(grant.scope) ? grant : new Refusal('scope_missing', grant.scope);
  };
}

function patternOf(path: string): RegExp {
  const source = path.replaceAll('.', String.raw`\.`).replace(/\*\*$/, '.+').replaceAll('*', '[^/]+');
  return new RegExp(`^${source}$`);
}
