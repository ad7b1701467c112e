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
});

/**
 * One rule: requests with one of `methods` to `path` need `scope`. In a path `*` stands for one segment and a
 * last `**` for everything below; the path is the bank's, without the `/bank` prefix. `GET` includes `HEAD`.
 */
export type PolicyRule = z.output<typeof ruleSchema>;

/** The rules for the bank that comes with Portcullis. What no rule names is forbidden. */
export const BANK_RULES: readonly PolicyRule[] = [
  { methods: ['GET'], path: '/accounts', scope: 'accounts:read' },
  { methods: ['GET'], path: '/accounts/*', scope: 'accounts:read' },
  { methods: ['GET'], path: '/accounts/*/transactions', scope: 'accounts:read' },
  { methods: ['GET'], path: '/accounts/*/transactions/search', scope: 'accounts:read' },
  { methods: ['GET'], path: '/accounts/*/balance', scope: 'accounts:read' },
  { methods: ['GET'], path: '/accounts/*/spenders', scope: 'accounts:read' },
  { methods: ['GET'], path: '/accounts/*/stream', scope: 'accounts:read' },
  { methods: ['POST'], path: '/accounts/*/transfers', scope: 'transfers:write' },
];

/** The policy file can't be used. The message says where in the file. */
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
  throw new PolicyRefused(`POLICY_FILE: wants a JSON array of rules: ${z.prettifyError(parsed.error)}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (fault) {
    throw new PolicyRefused(`POLICY_FILE: the file can't be read`, { cause: fault });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (fault) {
    throw new PolicyRefused(`POLICY_FILE: wants JSON: ${(fault as Error).message}`, { cause: fault });
  }
}

export type Policy = (
  method: string,
  path: string,
  authorization: Authorization,
) => undefined | Refusal<PolicyReason>;

/** Stage 4: may this user do this? The first rule that fits decides; where none fits the answer is no. */
export function createPolicy(rules: readonly PolicyRule[]): Policy {
  const compiled = new Map<string, { pattern: RegExp; scope: Scope }[]>();
  for (const { methods, path, scope } of rules) {
    for (const method of methods.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]))) {
      compiled.set(method, [...(compiled.get(method) ?? []), { pattern: patternOf(path), scope }]);
    }
  }
  return (method, path, authorization) => {
    const rule = compiled.get(method)?.find(({ pattern }) => pattern.test(path));
    if (rule === undefined) return new Refusal('no_rule');
    return scopesOf(authorization.role).has(rule.scope)
      ? undefined
      : new Refusal('scope_missing', rule.scope);
  };
}

function patternOf(path: string): RegExp {
  const source = path.replaceAll('.', String.raw`\.`).replace(/\*\*$/, '.+').replaceAll('*', '[^/]+');
  return new RegExp(`^${source}$`);
}
