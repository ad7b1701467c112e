import { BANK_PROBLEMS, type BankReason } from '../bank/problems.ts';
import { GATEWAY_PROBLEMS, type GatewayReason } from '../gateway/problems/table.ts';
import { OAUTH_ERRORS } from '../gateway/routes/oauth/refuse.ts';
import type { ProblemDefinition } from '../http/problem.ts';
import type { Access, Operation, RefusalFacts } from './operation.ts';

/** What may be said to any request, before or besides anything that its route does. */
const EVERYWHERE: readonly GatewayReason[] = [
  'request_malformed',
  'target_not_canonical',
  'headers_too_large',
  'request_too_slow',
  'body_too_large',
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

const ON_THE_WAY_TO_THE_BANK: readonly GatewayReason[] = [
  'no_rule',
  'scope_missing',
  'too_many_under_way',
  'bank_busy',
  'bank_unreachable',
  'bank_too_slow',
  'bank_refused_gateway',
];

const BANK_EVERYWHERE: readonly BankReason[] = ['query_wrong', 'redis_unavailable', 'fault'];

type Described = Pick<Operation, 'method' | 'path' | 'access' | 'body'>;

/** How the gateway may refuse this operation: its own reasons, and those that its credential and body bring along. */
export function gatewayRefusals(operation: Described, own: readonly GatewayReason[] = []): RefusalFacts[] {
  const isOauth = operation.path.startsWith('/oauth/');
  const ofRoute = [...own, ...ofBody(operation), ...ofCredential(operation)];
  return distinct([
    ...ofRoute.map((reason) => gatewayFacts(reason, isOauth)),
    ...EVERYWHERE.map((reason) => gatewayFacts(reason, false)),
  ]);
}

/** The same for one that the bank answers. */
export function bankRefusals(operation: Described, own: readonly BankReason[]): RefusalFacts[] {
  const ofBankBody: readonly BankReason[] =
    operation.body === undefined ? [] : ['body_not_json', 'body_wrong', 'body_incomplete', 'body_too_large'];
  const ofBank = [...own, ...ofBankBody, ...BANK_EVERYWHERE].map((reason): RefusalFacts => {
    const { status, code, title } = BANK_PROBLEMS[reason];
    return { status, code, title };
  });
  const ofGateway = [...ofCredential(operation), ...ON_THE_WAY_TO_THE_BANK, ...EVERYWHERE];
  return distinct([...ofBank, ...ofGateway.map((reason) => gatewayFacts(reason, false))]);
}

function gatewayFacts(reason: GatewayReason, isOauth: boolean): RefusalFacts {
  const { status, code, title }: ProblemDefinition = GATEWAY_PROBLEMS[reason];
  const oauthError: string | undefined = isOauth
    ? (OAUTH_ERRORS as Partial<Record<GatewayReason, string>>)[reason]
    : undefined;
  return oauthError === undefined ? { status, code, title } : { status, code, title, oauthError };
}

function ofCredential({ access, method }: Described): readonly GatewayReason[] {
  const csrf: GatewayReason[] = method === 'get' ? [] : ['csrf'];
  const byAccess: Record<Access['by'], readonly GatewayReason[]> = {
    anyone: [],
    client: CLIENT_CREDENTIAL,
    'refresh-token': [],
    'access-token': [...CREDENTIAL, ...csrf],
  };
  const scope: GatewayReason[] = access.by === 'access-token' && access.scope ? ['scope_missing'] : [];
  return [...byAccess[access.by], ...scope];
}

function ofBody({ body, path }: Described): readonly GatewayReason[] {
  if (body === undefined) return [];
  if (body.mediaType === 'application/json') return ['body_not_json', 'body_wrong', 'body_too_large'];
  return path.startsWith('/oauth/') ? ['body_not_form', 'body_wrong', 'query_wrong', 'body_too_large'] : [];
}

/** By status; of two with the same code at one status the first is told. */
function distinct(facts: readonly RefusalFacts[]): RefusalFacts[] {
  const seen = new Map<string, RefusalFacts>();
  for (const one of facts) {
    const key = `${one.status} ${one.code} ${one.oauthError ?? ''}`;
    if (!seen.has(key)) seen.set(key, one);
  }
  return [...seen.values()].sort((a, b) => a.status - b.status);
}
