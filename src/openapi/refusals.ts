import { BANK_PROBLEMS, type BankReason } from '../bank/problems.ts';
import { GATEWAY_PROBLEMS, type GatewayReason } from '../gateway/problems/table.ts';
import { OAUTH_ERRORS } from '../gateway/routes/oauth/refuse.ts';
import type { Access, Operation } from '../http/operation.ts';
import type { ProblemDefinition } from '../http/problem.ts';

/** An operation with every refusal that a client can get from it. */
export interface DocumentedOperation extends Omit<Operation, 'refusals'> {
  problems: readonly ProblemDefinition[];
}

/** The refusals that every request can get. */
const ALWAYS: readonly GatewayReason[] = [
  'request_malformed',
  'target_not_canonical',
  'path_too_long',
  'headers_too_large',
  'request_too_slow',
  'body_too_large',
  'network_rate_exceeded',
  'fault',
];

const CREDENTIAL: readonly GatewayReason[] = [
  'credential_missing',
  'credential_malformed',
  'credential_twice',
  'token_in_query',
  'token_signature',
  'token_expired',
  'token_not_alive',
  'binding_wrong',
  'binding_required',
  'proof_invalid',
  'proof_replayed',
  'nonce_required',
  'address_refused',
  'redis_unavailable',
];

const CLIENT_CREDENTIAL: readonly GatewayReason[] = [
  'client_wrong',
  'client_twice',
  'client_throttled',
  'client_not_permitted',
  'redis_unavailable',
];

const PROXY: readonly GatewayReason[] = [
  'no_rule',
  'transfer_rate_exceeded',
  'too_many_searches',
  'scope_missing',
  'too_many_under_way',
  'too_many_streams',
  'bodies_full',
  'bank_streams_full',
  'bank_busy',
  'bank_unreachable',
  'bank_too_slow',
  'bank_refused_gateway',
];

const BANK_ALWAYS: readonly BankReason[] = ['query_wrong', 'redis_unavailable', 'fault'];
const BANK_BODY: readonly BankReason[] = ['body_not_json', 'body_wrong', 'body_incomplete', 'body_too_large'];

/** A route of the gateway, with its own refusals and those of its access and its body. */
export function documentGateway(operation: Operation<GatewayReason>): DocumentedOperation {
  const { refusals = [], ...description } = operation;
  const isOauth = operation.path.startsWith('/oauth/');
  const reasons = [...refusals, ...reasonsOfBody(operation), ...reasonsOfAccess(operation)];
  const problems = reasons.map((reason) => (isOauth ? oauthProblem(reason) : GATEWAY_PROBLEMS[reason]));
  return { ...description, problems: distinct([...problems, ...gatewayProblems(ALWAYS)]) };
}

/** A route of the bank behind the gateway, with the refusals of both. */
export function documentBank(operation: Operation<BankReason>): DocumentedOperation {
  const { refusals = [], path, ...description } = operation;
  const reasons = [...refusals, ...(operation.body === undefined ? [] : BANK_BODY), ...BANK_ALWAYS];
  return {
    ...description,
    path: `/bank${path}`,
    problems: distinct([
      ...reasons.map((reason) => BANK_PROBLEMS[reason]),
      ...gatewayProblems([...reasonsOfAccess(operation), ...PROXY, ...ALWAYS]),
    ]),
  };
}

const gatewayProblems = (reasons: readonly GatewayReason[]): ProblemDefinition[] =>
  reasons.map((reason) => GATEWAY_PROBLEMS[reason]);

function oauthProblem(reason: GatewayReason): ProblemDefinition {
  const oauthError = (OAUTH_ERRORS as Partial<Record<GatewayReason, string>>)[reason];
  return { ...GATEWAY_PROBLEMS[reason], ...(oauthError !== undefined && { oauthError }) };
}

function reasonsOfAccess({ access, method }: Pick<Operation, 'access' | 'method'>): readonly GatewayReason[] {
  const csrf: readonly GatewayReason[] = method === 'get' ? [] : ['csrf'];
  const byAccess: Record<Access['by'], readonly GatewayReason[]> = {
    anyone: [],
    client: CLIENT_CREDENTIAL,
    'refresh-token': [],
    'access-token': [...CREDENTIAL, ...csrf],
  };
  const hasScope = access.by === 'access-token' && access.scope !== undefined;
  return hasScope ? [...byAccess[access.by], 'scope_missing'] : byAccess[access.by];
}

function reasonsOfBody({ body }: Pick<Operation, 'body'>): readonly GatewayReason[] {
  if (body === undefined) return [];
  return body.mediaType === 'application/json'
    ? ['body_not_json', 'body_wrong', 'body_too_large']
    : ['body_not_form', 'body_wrong', 'query_wrong', 'body_too_large', 'request_too_slow'];
}

/** Sorted by status. Of several with the same status and code, the first. */
function distinct(problems: readonly ProblemDefinition[]): ProblemDefinition[] {
  const byCode = new Map<string, ProblemDefinition>();
  for (const problem of problems) {
    const key = `${problem.status} ${problem.code} ${problem.oauthError ?? ''}`;
    if (!byCode.has(key)) byCode.set(key, problem);
  }
  return [...byCode.values()].sort((a, b) => a.status - b.status);
}
