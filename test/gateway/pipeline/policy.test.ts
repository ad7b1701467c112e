import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatewaySettings } from '../../../src/config/load.ts';
import {
  createPolicy,
  PolicyRefused,
  type PolicyRule,
  readPolicyFile,
} from '../../../src/gateway/pipeline/policy.ts';
import { startGateway } from '../../../src/gateway/server.ts';
import { createLog } from '../../../src/log.ts';
import { Refusal } from '../../../src/refusal.ts';
import { ROLES, type Role } from '../../../src/users/roles.ts';
import { bearer, problemOf, startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { expectRefusal } from '../../support/refusal.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

let directory = '';
let upstream: Upstream;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-policy-'));
  upstream = await startUpstream();
});
afterAll(async () => {
  await upstream.close();
  await rm(directory, { recursive: true, force: true });
});

const GET_READ = { methods: ['GET'], scope: 'accounts:read' } satisfies Partial<PolicyRule>;
function verdict(rules: readonly PolicyRule[], method: string, path: string, role: Role = 'user'): string {
  const decision = createPolicy(rules)(method, path, { role, generation: 0 });
  return decision instanceof Refusal ? decision.reason : 'allowed';
}

describe('a path of a rule', () => {
  test.each([
    ['/accounts', '/accounts', true],
    ['/accounts', '/accounts/', false],
    ['/accounts', '/Accounts', false],
    ['/accounts', '/accounts/1', false],
    ['/accounts', '/accountsx', false],
    ['/accounts', '/x/accounts', false],
    ['/accounts', '', false],
    ['/', '/', true],
    ['/', '', false],
    ['/accounts/', '/accounts/', true],
    ['/accounts/*', '/accounts/1', true],
    ['/accounts/*', '/accounts/caf%C3%A9', true],
    ['/accounts/*', '/accounts/', false],
    ['/accounts/*', '/accounts', false],
    ['/accounts/*', '/accounts/1/2', false],
    ['/accounts/*/stream', '/accounts/1/stream', true],
    ['/accounts/*/stream', '/accounts/stream', false],
    ['/accounts/*/stream', '/accounts/1/2/stream', false],
    ['/*/*', '/a/b', true],
    ['/*/*', '/a', false],
    ['/files/**', '/files/a', true],
    ['/files/**', '/files/a/b/c', true],
    ['/files/**', '/files/', false],
    ['/files/**', '/files', false],
    ['/files/**', '/filesystem/a', false],
    ['/**', '/anything/at/all', true],
    ['/v1.0', '/v1.0', true],
    ['/v1.0', '/v1x0', false],
    ['/a-b_c~d', '/a-b_c~d', true],
  ])('%s and a request for "%s": %s', (path, requested, fits) => {
    expect(verdict([{ ...GET_READ, path }], 'GET', requested)).toBe(fits ? 'allowed' : 'no_rule');
  });
});

test('a rule for GET also matches HEAD, and no other method', () => {
  const rules: PolicyRule[] = [{ ...GET_READ, path: '/a' }];
  expect(['GET', 'HEAD'].map((method) => verdict(rules, method, '/a'))).toEqual(['allowed', 'allowed']);
  for (const method of [
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'QUERY',
    'get',
    '',
    '__proto__',
  ])
    expect(verdict(rules, method, '/a'), method).toBe('no_rule');
});

test('without rules every request is denied to every user', () => {
  for (const role of ROLES) expect(verdict([], 'GET', '/', role)).toBe('no_rule');
});

test('the first rule that matches decides, even if a later one would allow the request', () => {
  const strict: PolicyRule = { methods: ['GET'], path: '/a/vault', scope: 'roles:manage' };
  const broad: PolicyRule = { methods: ['GET'], path: '/a/*', scope: 'accounts:read' };
  expect(verdict([strict, broad], 'GET', '/a/vault')).toBe('scope_missing');
  expect(verdict([strict, broad], 'GET', '/a/vault', 'super-admin')).toBe('allowed');
  expect(verdict([broad, strict], 'GET', '/a/vault')).toBe('allowed');
});

test.each([
  ['accounts:read', [true, true, true, true]],
  ['accounts:read-any', [false, true, true, true]],
  ['users:manage', [false, false, true, true]],
  ['roles:manage', [false, false, false, true]],
] as const)('%s is had by each role from the first that has it: %s', (scope, has) => {
  const rules: PolicyRule[] = [{ methods: ['POST'], path: '/a', scope }];
  expect(ROLES.map((role) => verdict(rules, 'POST', '/a', role) === 'allowed')).toEqual(has);
});

describe('the gateway', () => {
  let gateway: TestGateway;
  const tokens: Record<string, string> = {};
  beforeAll(async () => {
    gateway = await startTestGateway({ BANK_URL: upstream.url });
    for (const user of ['bob', 'root']) tokens[user] = await gateway.login(user);
  });
  afterAll(() => gateway.close());
  const ask = (user: string, method: string, path: string): Promise<Response> =>
    fetch(gateway.url + path, { method, headers: bearer(tokens[user] ?? '') });

  test.each([
    ['GET', '/bank/accounts'],
    ['HEAD', '/bank/accounts/1'],
    ['GET', '/bank/accounts/1/transactions?limit=1'],
    ['GET', '/bank/accounts/1/transactions/search?term=abc'],
    ['GET', '/bank/accounts/1/balance'],
    ['GET', '/bank/accounts/1/spenders'],
    ['POST', '/bank/accounts/1/transfers'],
  ])('forwards %s %s', async (method, path) => {
    expect((await ask('bob', method, path)).status).toBe(200);
  });

  test.each([
    ['GET', '/bank'],
    ['GET', '/bank/'],
    ['GET', '/bank/livez'],
    ['GET', '/bank/accounts/'],
    ['GET', '/bank/ACCOUNTS'],
    ['GET', '/bank/accounts/1/transfers'],
    ['POST', '/bank/accounts'],
    ['DELETE', '/bank/accounts/1'],
    ['PUT', '/bank/accounts/1/transfers'],
    ['OPTIONS', '/bank/accounts'],
  ])('denies %s %s, which matches no rule, even to root', async (method, path) => {
    for (const user of ['bob', 'root'])
      await expectRefusal({ gateway, upstream }, async () => problemOf(await ask(user, method, path)), {
        status: 403,
        code: 'forbidden',
        redisCommands: 1,
      });
  });
});

async function policyFile(content: string): Promise<string> {
  const path = join(directory, 'policy.json');
  await writeFile(path, content);
  return path;
}

test('rules from a file replace those for the demo bank', async () => {
  const rules = [
    { methods: ['GET', 'PATCH'], path: '/things/**', scope: 'accounts:read' },
    { methods: ['GET'], path: '/vault', scope: 'roles:manage' },
  ];
  const POLICY_FILE = await policyFile(JSON.stringify(rules));
  const gateway = await startTestGateway({ BANK_URL: upstream.url, POLICY_FILE });
  try {
    const headers = bearer(await gateway.login('bob'));
    const ask = (method: string, path: string) => fetch(gateway.url + path, { method, headers });
    for (const method of ['GET', 'HEAD', 'PATCH'])
      expect((await ask(method, '/bank/things/1/2')).status).toBe(200);
    const refusal = { redisCommands: 1, status: 403 };
    await expectRefusal({ gateway, upstream }, async () => problemOf(await ask('GET', '/bank/accounts')), {
      ...refusal,
      code: 'forbidden',
    });
    await expectRefusal(
      { gateway, upstream },
      async () => {
        const response = await ask('GET', '/bank/vault');
        expect(response.headers.get('www-authenticate')).toBe(
          'Bearer realm="portcullis", error="insufficient_scope"',
        );
        return problemOf(response);
      },
      { ...refusal, code: 'insufficient_scope' },
    );
  } finally {
    await gateway.close();
  }
});

describe('an invalid policy file is refused with a message that names the invalid field', () => {
  const rule = (other: object): string => JSON.stringify([{ ...GET_READ, path: '/a', ...other }]);
  test.each([
    ['no JSON', '[{', /JSON.* position 2/],
    ['no list', '{}', /array/],
    ['no rule at all', '[]', /at least|too small|>=1/i],
    ['a method that does not exist', rule({ methods: ['GET', 'FETCH'] }), /at \[0\]\.methods\[1\]/],
    ['HEAD, which GET includes', rule({ methods: ['HEAD'] }), /at \[0\]\.methods\[0\]/],
    ['no method', rule({ methods: [] }), /at \[0\]\.methods/],
    ['a scope that does not exist', rule({ scope: 'accounts:all' }), /at \[0\]\.scope/],
    ['a path without its first slash', rule({ path: 'a' }), /at \[0\]\.path/],
    ['a path with an expression', rule({ path: '/a/(.*)' }), /at \[0\]\.path/],
    ['a path with ** in its middle', rule({ path: '/**/a' }), /at \[0\]\.path/],
    ['a path with a half segment', rule({ path: '/a*' }), /at \[0\]\.path/],
    ['a path with a query', rule({ path: '/a?b' }), /at \[0\]\.path/],
    ['a path with an empty segment', rule({ path: '/a//b' }), /at \[0\]\.path/],
    ['a misspelt member', rule({ role: 'admin' }), /role/],
    [
      'a second rule without a scope',
      '[{"methods":["GET"],"path":"/a","scope":"accounts:read"},{"methods":["GET"],"path":"/b"}]',
      /at \[1\]\.scope/,
    ],
  ])('%s', async (_what, content, where) => {
    const path = await policyFile(content);
    expect(() => readPolicyFile(path)).toThrow(PolicyRefused);
    expect(() => readPolicyFile(path)).toThrow(/^POLICY_FILE: /);
    expect(() => readPolicyFile(path)).toThrow(where);
  });

  test('a missing file', () => {
    expect(() => readPolicyFile(join(directory, 'none.json'))).toThrow(PolicyRefused);
    expect(() => readPolicyFile(join(directory, 'none.json'))).toThrow(
      /^POLICY_FILE: .*must be a file that this process can read/,
    );
  });

  test('the gateway does not start with it', async () => {
    const settings = gatewaySettings({ GATEWAY_PORT: '0', POLICY_FILE: await policyFile('[]') });
    const started = startGateway({ settings, log: createLog('gateway', 'silent') });
    await expect(started).rejects.toThrow(PolicyRefused);
  });
});
