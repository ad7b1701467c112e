import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROLES, type Role, scopesOf } from '../../src/users/roles.ts';
import { DocumentedApi, type DocumentedOperation } from '../support/documented-api.ts';
import { callOperation } from '../support/documented-calls.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

const USERNAME_OF: Record<Role, string> = {
  user: 'bob',
  supervisor: 'sam',
  admin: 'ada',
  'super-admin': 'root',
};

let stack: TestStack;
let api: DocumentedApi;
const tokens = new Map<Role, string>();
beforeAll(async () => {
  stack = await startTestStack();
  api = await DocumentedApi.of(stack.url);
  for (const role of ROLES) tokens.set(role, await stack.login(USERNAME_OF[role]));
});
afterAll(() => stack.close());

const wantsToken = ({ operation }: DocumentedOperation): boolean =>
  operation.security.some((one) => 'bearer' in one);

const scopeOf = ({ operation }: DocumentedOperation) => operation.security[0]?.bearer?.[0];

/** Asks about things that don't exist, so that whoever may do this does nothing. */
async function codeOf(operation: DocumentedOperation, token?: string): Promise<unknown> {
  const path = { id: 'none', sid: 'none', key: 'none' };
  const { body } = await callOperation(stack.url, operation, { path, token });
  return body.startsWith('{') ? (JSON.parse(body) as { code?: unknown }).code : undefined;
}

test('a request without a token is refused exactly where the document requires a token', async () => {
  for (const operation of api.operations) {
    const { operationId } = operation.operation;
    // Its credential is a refresh token, which is missing as well.
    if (operationId === 'refresh') continue;
    const isRefused = (await codeOf(operation)) === 'credential_missing';
    expect({ operationId, isRefused }).toEqual({ operationId, isRefused: wantsToken(operation) });
  }
});

test.each(ROLES)(
  'the role %s is allowed exactly the operations whose documented scope it has',
  async (role) => {
    for (const operation of api.operations) {
      const [scope, { operationId }] = [scopeOf(operation), operation.operation];
      if (scope === undefined) continue;
      const isRefused = (await codeOf(operation, tokens.get(role))) === 'insufficient_scope';
      const lacksScope = ![...scopesOf(role)].some((one) => one === scope);
      expect({ operationId, isRefused }).toEqual({ operationId, isRefused: lacksScope });
    }
  },
);
