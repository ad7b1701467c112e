import type { Context, Handler } from 'hono';
import type { z } from 'zod';
import type { FieldError } from '../http/problem.ts';
import { Refusal } from '../refusal.ts';
import type { BankDeps } from './app.ts';
import { mayNot, visibleAccount } from './caller.ts';
import { readAccount } from './ledger/accounts.ts';
import { type Posted, transfer } from './ledger/post.ts';
import { type BankEnv, type BankReason, BankRefusal, refuse } from './problem.ts';
import { bodyOf, checked, queryOf } from './request.ts';
import { type Account, noQuery, transferBody, transferHeaders } from './schemas.ts';

interface TransferRequest {
  body: z.output<typeof transferBody>;
  idempotencyKey: string;
}

const CAN_NOT = 'can not be transferred';

/** Which member of the body a refusal is about. */
const ERROR_OF: Partial<Record<BankReason, FieldError>> = {
  transfer_to_self: { field: 'to', message: 'wants another account' },
  destination_unknown: { field: 'to', message: 'wants the id of an account' },
  currency_mismatch: { field: 'to', message: CAN_NOT },
  insufficient_funds: { field: 'amountMinor', message: CAN_NOT },
  balance_limit: { field: 'amountMinor', message: CAN_NOT },
};

/**
 * Moves money from the caller's own account. The same `Idempotency-Key` with the same request is answered the
 * same again, with another request it is refused (draft-ietf-httpapi-idempotency-key-header, section 2).
 */
export function transferRoute(bank: Pick<BankDeps, 'link' | 'options' | 'now'>): Handler<BankEnv> {
  return async (c) => {
    if (mayNot(c, 'transfers:write')) return refuse(c, new BankRefusal('scope_missing'));
    const request = await transferRequest(c);
    if (request instanceof Refusal) return refuse(c, request);
    const from = await visibleAccount(c, bank.link);
    if (from instanceof Refusal) return refuse(c, from);
    if (from.ownerId !== c.get('caller').sub) return refuse(c, new BankRefusal('not_owner'));
    const posted = await execute(bank, from, request);
    if (posted instanceof Refusal) return refuse(c, posted);
    return c.json(posted.transactions[0] as object, 201);
  };
}

async function transferRequest(c: Context<BankEnv>): Promise<TransferRequest | BankRefusal> {
  const query = queryOf(c, noQuery);
  if (query instanceof Refusal) return query;
  const header = c.req.header('idempotency-key');
  if (header === undefined) return new BankRefusal('idempotency_key_missing');
  const headers = checked(transferHeaders, { 'Idempotency-Key': header }, 'header_wrong');
  if (headers instanceof Refusal) return headers;
  const body = await bodyOf(c, transferBody);
  return body instanceof Refusal ? body : { body, idempotencyKey: headers['Idempotency-Key'] };
}

/**
 * A destination that there isn't goes to the ledger like any other: there the funds are judged first and the answer
 * is remembered, so that nobody learns which accounts there are by ordering what they can't pay.
 */
async function execute(
  { link, options, now }: Pick<BankDeps, 'link' | 'options' | 'now'>,
  from: Account,
  { body, idempotencyKey }: TransferRequest,
): Promise<Posted | BankRefusal> {
  const { amountMinor, description } = body;
  if (body.to === from.id) return refusal('transfer_to_self');
  const to = (await readAccount(link, body.to)) ?? { id: body.to, name: body.to };
  const posted = await transfer(link, { from, to, amountMinor, description, idempotencyKey }, options, now());
  if (!(posted instanceof Refusal)) return posted;
  return refusal(posted.reason === 'account_unknown' ? 'destination_unknown' : posted.reason);
}

function refusal(reason: BankReason): BankRefusal {
  const error = ERROR_OF[reason];
  return new BankRefusal(reason, error && [error]);
}
