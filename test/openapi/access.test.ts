import { expect } from 'vitest';
import { ROLES, type Role, scopesOf } from '../../src/users/roles.ts';
import { DocumentedApi, type DocumentedOperation } from '../support/documented-api.ts';
import { callOperation } from '../support/documented-calls.ts';
import { stackTest } from '../support/fixtures.ts';

const USERNAME_OF: Record<Role, string> = {
  user: 'bob',
  supervisor: 'sam',
  admin: 'ada',
  'super-admin': 'root',
};
const requiresToken = ({ operation }: DocumentedOperation): boolean =>
  operation.security.some((one) => 'bearer' in one);

const scopeOf = ({ operation }: DocumentedOperation) => operation.security[0]?.bearer?.[0];

const test = stackTest()
  .extend('api', { scope: 'file' }, ({ stack }) => DocumentedApi.of(stack.url))
  .extend('tokens', { scope: 'file' }, async ({ stack }) => {
    const tokens = new Map<Role, string>();
    for (const role of ROLES) tokens.set(role, await stack.login(USERNAME_OF[role]));
    return tokens;
  })
  /** The code of a request about unknown ids, so that an authorized one changes nothing. */
  .extend(
    'codeOf',
    ({ stack }) =>
      async (operation: DocumentedOperation, token?: string): Promise<unknown> => {
        const path = { id: 'none', sid: 'none', key: 'none' };
        const { body } = await callOperation(stack.url, operation, { path, token });
        return body.startsWith('{') ? (JSON.parse(body) as { code?: unknown }).code : undefined;
      },
  );

test('a request without a token is refused exactly where the document requires a token', async ({
  api,
  codeOf,
}) => {
  for (const operation of api.operations) {
    const { operationId } = operation.operation;
    // It requires a refresh token, which is missing too.
    if (operationId === 'refresh') continue;
    const isRefused = (await codeOf(operation)) === 'credential_missing';
    expect({ operationId, isRefused }).toEqual({ operationId, isRefused: requiresToken(operation) });
  }
});

test.for(ROLES)(
  'the role %s is allowed exactly the operations whose documented scope it has',
  async (role, { api, codeOf, tokens }) => {
    for (const operation of api.operations) {
      const [scope, { operationId }] = [scopeOf(operation), operation.operation];
      if (scope === undefined) continue;
      const isRefused = (await codeOf(operation, tokens.get(role))) === 'insufficient_scope';
      const lacksScope = ![...scopesOf(role)].some((one) => one === scope);
      expect({ operationId, isRefused }).toEqual({ operationId, isRefused: lacksScope });
    }
  },
);
