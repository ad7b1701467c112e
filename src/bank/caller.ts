import type { Context, MiddlewareHandler } from 'hono';
import type { AssertionVerifier } from '../jwt/assertion.ts';
import type { RedisLink } from '../redis/connection.ts';
import { Refusal } from '../refusal.ts';
import type { Scope } from '../users/roles.ts';
import { readAccount } from './ledger/accounts.ts';
import { type BankEnv, BankRefusal, refuse } from './problem.ts';
import { type Account, accountIdSchema } from './schemas.ts';

const BEARER = /^Bearer +([^ ]+)$/i;

/**
 * Lets a request on only with a genuine assertion of the gateway's, and before anything is read or written: who
 * comes past the gateway learns nothing, not even which routes there are.
 */
export function requireAssertion(verifier: AssertionVerifier, now: () => number): MiddlewareHandler<BankEnv> {
  return async (c, next) => {
    const token = BEARER.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined) return refuse(c, new BankRefusal('assertion_missing'));
    const claims = await verifier.verify(token, now());
    if (claims instanceof Refusal) return refuse(c, claims);
    c.set('caller', claims);
    return next();
  };
}

/** Whether the caller lacks a scope. */
export const mayNot = (c: Context<BankEnv>, scope: Scope): boolean => !c.get('caller').scope.includes(scope);

/**
 * The account that the path names, if the caller may see it. Another customer's is answered like one that doesn't
 * exist: nobody can find out which ids are taken. @throws {RedisUnavailable}
 */
export async function visibleAccount(c: Context<BankEnv>, link: RedisLink): Promise<Account | BankRefusal> {
  const caller = c.get('caller');
  const mayReadAny = caller.scope.includes('accounts:read-any');
  if (!mayReadAny && mayNot(c, 'accounts:read')) return new BankRefusal('scope_missing');
  const id = accountIdSchema.safeParse(c.req.param('id'));
  const account = id.success ? await readAccount(link, id.data) : undefined;
  if (account === undefined) return new BankRefusal('account_not_found');
  if (account.ownerId !== caller.sub && !mayReadAny) return new BankRefusal('account_not_found');
  c.set('accountId', account.id);
  return account;
}
