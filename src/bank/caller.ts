import type { MiddlewareHandler } from 'hono';
import type { AssertionVerifier } from '../jwt/assertion.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import type { Scope } from '../users/roles.ts';
import { type AssertedRequestDeps, checkAssertedRequest } from './asserted-request.ts';
import { readAccount } from './ledger/accounts.ts';
import { type BankContext, type BankEnv, type BankRefusal, refuse } from './problems.ts';
import { type Account, accountIdSchema } from './schemas.ts';

const BEARER = /^Bearer +([^ ]+)$/i;

export interface CallerDeps extends AssertedRequestDeps {
  verifier: AssertionVerifier;
  now: () => number;
}

/**
 * Refuses every request without a valid assertion of the gateway for this request, before anything else is read or
 * written. A client that bypasses the gateway learns nothing, not even which routes exist.
 */
export function requireAssertion({ verifier, now, ...deps }: CallerDeps): MiddlewareHandler<BankEnv> {
  return async (c, next) => {
    const token = BEARER.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined) return refuse(c, new Refusal('assertion_missing'));
    const claims = await verifier.verify(token, now());
    if (claims instanceof Refusal) return refuse(c, claims);
    c.set('caller', claims);
    const mismatch = await checkAssertedRequest(c, deps);
    return mismatch === undefined ? next() : refuse(c, mismatch);
  };
}

export const lacksScope = (c: BankContext, scope: Scope): boolean => !c.get('caller').scope.includes(scope);

/**
 * The account that the path names, if the caller may see it with this scope. Another customer's account gets the same
 * response as one that doesn't exist, so that nobody can find out which ids are in use. @throws {RedisUnavailable}
 */
export async function visibleAccount(
  c: BankContext,
  link: RedisStore,
  scope: Scope = 'accounts:read',
): Promise<Account | BankRefusal> {
  const readsAny = !lacksScope(c, 'accounts:read-any');
  if (!readsAny && lacksScope(c, scope)) return new Refusal('scope_missing');
  const id = accountIdSchema.safeParse(c.req.param('id'));
  const account = id.success ? await readAccount(link, id.data) : undefined;
  if (account === undefined) return new Refusal('account_not_found');
  if (account.ownerId !== c.get('caller').sub && !readsAny) return new Refusal('account_not_found');
  c.set('accountId', account.id);
  return account;
}
