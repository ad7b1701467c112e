import { Agent } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SCENARIOS } from '../openapi/scenarios.ts';
import { type FreshUser, type Scene, startScene } from '../openapi/scene.ts';
import { DocumentedApi, type DocumentedOperation, type FullResponse } from '../support/documented-api.ts';
import type { Call } from '../support/documented-calls.ts';
import { bearer } from '../support/gateway.ts';
import { sendPlain } from '../support/plain-request.ts';
import { sendRaw } from '../support/raw-http.ts';
import { type Known, memberNames, type Rubbish, rubbishFor } from './rubbish.ts';

const RUNS = 3000;
const MOST_MS = 12_000;
/** These operations revoke the token of the request, so each request gets its own. */
const END_THEIR_TOKEN = new Set(['logOut', 'endSessions', 'endSession']);

let scene: Scene;
let api: DocumentedApi;
/** The user that operators manage. */
let target: FreshUser;
/** The user whose sessions are ended. */
let leaver: FreshUser;
let good: Map<string, Call>;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
beforeAll(async () => {
  scene = await startScene({
    LOGIN_FAILURES_PER_USERNAME: '1000',
    LOGIN_FAILURES_PER_ADDRESS: '100000',
    REGISTRATIONS_PER_ADDRESS: '100000',
    RESETS_PER_ADDRESS: '100000',
  });
  api = await DocumentedApi.of(scene.stack.url);
  target = await scene.fresh();
  leaver = await scene.fresh();
  good = await goodCalls();
});
afterAll(async () => {
  agent.destroy();
  await scene.close();
});

interface Told {
  code?: unknown;
  error?: unknown;
  errors?: { field: string; message: string }[];
}

async function goodCalls(): Promise<Map<string, Call>> {
  const calls = new Map<string, Call>();
  for (const [id, scenario] of Object.entries(SCENARIOS)) calls.set(id, await scenario.good(scene));
  return calls;
}

/** The parts of a valid request to an operation: a token with all scopes, existing ids and a valid body. */
function knownFor({ path, operation }: DocumentedOperation): Known {
  const isBank = path.startsWith('/bank');
  const id = isBank ? scene.stack.accounts.bob : target.id;
  const call = good.get(operation.operationId) ?? {};
  const members = Object.entries((call.json ?? call.form ?? {}) as Record<string, unknown>);
  const isOpen = operation.security.some((one) => Object.keys(one).length === 0);
  const credential = isOpen ? {} : bearer(isBank ? scene.bob : scene.root);
  return { path: { id, key: 'theme' }, headers: { ...credential, ...call.headers }, members };
}

const bodyTypeOf = ({ operation }: DocumentedOperation): string | undefined =>
  Object.keys(operation.requestBody?.content ?? {})[0];

/** A problem with a code; on the OAuth routes also with the error of RFC 6749, section 5.2. */
function expectProblem({ status, contentType, body }: FullResponse, path: string): Told {
  expect(status, body).toBeLessThan(500);
  const told = JSON.parse(body) as Told;
  expect(told).toMatchObject({ status, code: expect.stringMatching(/^[a-z_]+$/) });
  if (path.startsWith('/oauth/') && contentType === 'application/json')
    expect(told.error).toMatch(/^[a-z_]+$/);
  else expect(contentType).toBe('application/problem+json');
  if (/^(?:body|query|header|data_key)_invalid$/.test(String(told.code))) {
    expect(told.errors?.length, body).toBeGreaterThan(0);
    for (const { message } of told.errors ?? []) expect(message).not.toBe('');
  }
  return told;
}

/** Whether the path still belongs to this operation: odd parameters may lead to another route or to none. */
const isStillOf = ({ path }: DocumentedOperation, sent: string): boolean =>
  new RegExp(`^${path.replaceAll('.', String.raw`\.`).replace(/{\w+}/g, '[^/?]+')}$`).test(
    sent.replace(/\?.*/s, ''),
  );

async function isRefusedWell({ operation, target: sent, headers, body }: Rubbish): Promise<void> {
  const method = operation.method.toUpperCase();
  const needsToken =
    END_THEIR_TOKEN.has(operation.operation.operationId) && headers.authorization !== undefined;
  const credential = needsToken ? bearer((await scene.tokensOf(leaver)).access_token) : {};
  const all = { ...headers, ...credential };
  const response = await sendPlain(scene.stack.url, { method, target: sent, headers: all, body, agent });
  if (response.status >= 400) expectProblem(response, operation.path);
  if (isStillOf(operation, sent)) expect(api.faultOf(operation, response)).toBeUndefined();
}

const operationsWith = (type: string): DocumentedOperation[] =>
  api.operations.filter((operation) => bodyTypeOf(operation) === type);

async function sendBody(operation: DocumentedOperation, body: Buffer, type?: string): Promise<Told> {
  const id = operation.operation.operationId;
  const call = good.get(id) ?? {};
  const path = operation.path.replace(/{(\w+)}/g, (_, name: string) => call.path?.[name] ?? '');
  const headers = {
    ...(call.token === undefined ? {} : bearer(call.token)),
    ...call.headers,
    'content-type': type ?? bodyTypeOf(operation) ?? '',
  };
  const method = operation.method.toUpperCase();
  const response = await sendPlain(scene.stack.url, { method, target: path, headers, body, agent });
  expect(response.status, `${id}: ${response.body}`).toBeGreaterThanOrEqual(400);
  expect(api.faultOf(operation, response)).toBeUndefined();
  return expectProblem(response, operation.path);
}

test('random input to any route gets a documented problem, never an internal error', async () => {
  const arbitrary = fc.oneof(
    ...api.operations.map((operation) => rubbishFor(api, operation, knownFor(operation))),
  );
  await fc.assert(fc.asyncProperty(arbitrary, isRefusedWell), {
    numRuns: RUNS,
    interruptAfterTimeLimit: MOST_MS,
  });
});

test('text that is not JSON is refused on every route with a JSON body', async () => {
  const texts = ['{', '{"a":1,}', "{'a':1}", '01', '{}{}', '"', 'undefined'];
  for (const operation of operationsWith('application/json')) {
    for (const text of [...texts, Buffer.from([0x22, 0xff, 0x22])]) {
      const told = await sendBody(operation, Buffer.from(text));
      expect(told).toMatchObject({
        code: 'body_invalid',
        errors: [{ field: '', message: 'must be JSON in UTF-8' }],
      });
    }
  }
});

test('a body of another media type is refused on every route that has a body', async () => {
  for (const operation of [
    ...operationsWith('application/json'),
    ...operationsWith('application/x-www-form-urlencoded'),
  ]) {
    for (const type of ['text/plain', 'application/json; charset=utf-16', 'multipart/form-data']) {
      const told = await sendBody(operation, Buffer.from('{}'), type);
      expect(told.code, operation.path).toBe('media_type_unsupported');
    }
  }
});

test('a member of the wrong type and an unknown member are refused by name on every route', async () => {
  for (const operation of operationsWith('application/json')) {
    const schema = Object.values(operation.operation.requestBody?.content ?? {})[0]?.schema ?? {};
    const { json } = good.get(operation.operation.operationId) ?? {};
    for (const name of memberNames(api, schema)) {
      const wrong = { ...(json as object), [name]: { not: 'this' } };
      const told = await sendBody(operation, Buffer.from(JSON.stringify(wrong)));
      expect(told).toMatchObject({ code: 'body_invalid', errors: [{ field: name }] });
    }
    if (memberNames(api, schema).length === 0) continue;
    const more = { ...(json as object), surprise: 1 };
    const told = await sendBody(operation, Buffer.from(JSON.stringify(more)));
    expect(told.errors).toEqual([{ field: 'surprise', message: 'is not a known field' }]);
  }
});

test('an invalid query is refused by the name of the parameter on every route with parameters', async () => {
  const asking = api.operations.filter(({ operation }) =>
    operation.parameters?.some((parameter) => parameter.in === 'query'),
  );
  expect(asking.length).toBeGreaterThan(5);
  for (const operation of asking) {
    const { path, headers } = knownFor(operation);
    const place = operation.path.replace(/{(\w+)}/g, (_, name: string) => path[name] ?? '');
    const names = operation.operation.parameters?.filter((one) => one.in === 'query').map((one) => one.name);
    const term = names?.includes('term') ? 'term=dinner&' : '';
    for (const [query, field] of [
      [`${term}surprise=1`, 'surprise'],
      [`${term}${names?.[0]}=1&${names?.[0]}=1`, names?.[0]],
    ] as const) {
      const sent = { method: operation.method.toUpperCase(), target: `${place}?${query}`, agent };
      const withToken = { ...bearer(place.startsWith('/bank') ? scene.bob : scene.root), ...headers };
      const response = await sendPlain(scene.stack.url, { ...sent, headers: withToken });
      const told = expectProblem(response, operation.path);
      expect(told).toMatchObject({ code: 'query_invalid', errors: [{ field }] });
    }
  }
});

test('a body whose declared length exceeds every limit is refused on every route before it is read', async () => {
  for (const operation of api.operations) {
    const path = operation.path.replace(/{\w+}/g, 'x');
    const { status, headers, body } = await sendRaw(
      scene.stack.url,
      `${operation.method.toUpperCase()} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n`,
    );
    const response = { status, contentType: headers['content-type']?.[0] ?? null, body: body.toString() };
    expect(expectProblem(response, operation.path)).toMatchObject({ status: 413, code: 'body_too_large' });
    expect(api.faultOf(operation, response)).toBeUndefined();
  }
});

test('afterwards the gateway and the bank are healthy and valid requests succeed', async () => {
  const { url } = scene.stack;
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const { access_token } = await scene.tokensOf();
  const accounts = await fetch(`${url}/bank/accounts`, { headers: bearer(access_token) });
  expect(accounts.status).toBe(200);
  expect(await accounts.json()).toMatchObject({ accounts: [{ id: scene.stack.accounts.bob }] });
});
