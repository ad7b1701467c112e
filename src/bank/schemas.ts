import { z } from 'zod';
import { integerParameter } from '../http/input.ts';

/** A transaction id: milliseconds since 1970, a hyphen, a number within the millisecond. */
const TRANSACTION_ID = /^\d{1,15}-\d{1,15}$/;
const ACCOUNT_ID = /^[\w-]{1,64}$/;
const CONTROL_CHARACTER = /\p{Cc}/u;
const MAX_MILLISECONDS = 8_640_000_000_000_000;

export const accountIdSchema = z.string().regex(ACCOUNT_ID, 'must be an account id');
const amountMinorSchema = z.int().min(1).describe("In the currency's minor unit, such as cents.");

export const accountSchema = z
  .strictObject({
    id: accountIdSchema,
    ownerId: z.string(),
    name: z.string().describe('The account holder.'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .describe('ISO 4217.'),
    balanceMinor: z.int().min(0),
    openedAt: z.iso.datetime(),
  })
  .meta({ id: 'Account' });
export type Account = z.output<typeof accountSchema>;

export const transactionSchema = z
  .strictObject({
    id: z.string().regex(TRANSACTION_ID).describe('Unique within the account. Ids ascend with time.'),
    accountId: accountIdSchema,
    at: z.iso.datetime(),
    direction: z.enum(['debit', 'credit']),
    type: z.string().describe('The category, such as groceries, travel or transfer.'),
    counterparty: z.string(),
    description: z.string(),
    amountMinor: amountMinorSchema,
    currency: accountSchema.shape.currency,
    balanceAfterMinor: z.int().min(0),
  })
  .meta({ id: 'Transaction' });
export type Transaction = z.output<typeof transactionSchema>;

export const accountsResponse = z.strictObject({ accounts: z.array(accountSchema) }).meta({ id: 'Accounts' });
export const transactionsResponse = z
  .strictObject({
    transactions: z.array(transactionSchema),
    nextCursor: z.string().nullable().describe('null if there are no older transactions.'),
  })
  .meta({ id: 'TransactionPage' });
export const searchResponse = z
  .strictObject({
    transactions: z.array(transactionSchema),
    complete: z.boolean().describe('false if older transactions were not searched.'),
    nextCursor: z.string().nullable().describe('Continues the search; null if it is complete.'),
  })
  .meta({ id: 'FoundTransactions' });
export const balanceResponse = z
  .array(
    z.strictObject({
      x: z.int().describe('Milliseconds since 1970.'),
      y: z.int().describe("In the currency's minor unit."),
    }),
  )
  .meta({ id: 'BalancePoints' });
export type BalancePoint = z.output<typeof balanceResponse>[number];
export const spendersResponse = z
  .strictObject({
    currency: accountSchema.shape.currency,
    spenders: z.array(z.strictObject({ counterparty: z.string(), amountMinor: amountMinorSchema })),
  })
  .meta({ id: 'Spenders' });
export type Spender = z.output<typeof spendersResponse>['spenders'][number];

/** A time, as milliseconds since 1970 or as an RFC 3339 date-time. It is parsed to milliseconds. */
const instant = z
  .string()
  .transform((text) => (/^\d{1,16}$/.test(text) ? Number(text) : rfc3339Milliseconds(text)))
  .refine(
    (ms) => ms >= 0 && ms <= MAX_MILLISECONDS,
    'must be milliseconds since 1970 or an RFC 3339 date-time',
  )
  .optional()
  .describe('Milliseconds since 1970 or an RFC 3339 date-time.');

const rfc3339Milliseconds = (text: string): number =>
  z.iso.datetime({ offset: true }).safeParse(text).success ? Date.parse(text) : Number.NaN;

const isRange = ({ from, to }: { from?: number | undefined; to?: number | undefined }): boolean =>
  from === undefined || to === undefined || from <= to;
const NOT_A_RANGE = { path: ['from'], error: 'must not be after "to"' };

/** An opaque cursor to the next page: the encoded id of the last transaction on this page. */
export const encodeCursor = (transactionId: string): string =>
  Buffer.from(transactionId).toString('base64url');

/** Redis rejects a read before 0-0, the id that no entry can have. */
const isPosition = (id: string): boolean => TRANSACTION_ID.test(id) && /[1-9]/.test(id);

const cursor = z
  .string()
  .max(64, 'must be the nextCursor of an earlier page')
  .transform((text) => {
    const id = Buffer.from(text, 'base64url').toString('latin1');
    return encodeCursor(id) === text ? id : '';
  })
  .refine(isPosition, 'must be the nextCursor of an earlier page')
  .optional()
  .describe('The `nextCursor` of an earlier page.');

export const transactionsQuery = z
  .strictObject({
    limit: integerParameter(1, 100, 10),
    cursor,
    type: z
      .string()
      .regex(/^[a-z][a-z-]{0,31}$/, 'must be a type such as groceries')
      .optional()
      .describe('Such as groceries.'),
    from: instant,
    to: instant,
  })
  .refine(isRange, NOT_A_RANGE);
export type TransactionsQuery = z.output<typeof transactionsQuery>;

const characters = (text: string): number => [...text].length;

export const searchQuery = z.strictObject({
  term: z
    .string('must be 3 to 100 characters long')
    .trim()
    .refine((term) => characters(term) >= 3 && characters(term) <= 100, 'must be 3 to 100 characters long')
    .describe('3 to 100 characters. Case is ignored.'),
  limit: integerParameter(1, 100, 10),
  cursor,
});

export const balanceQuery = z
  .strictObject({ from: instant, to: instant, points: integerParameter(2, 1000, 100) })
  .refine(isRange, NOT_A_RANGE);
export type BalanceQuery = z.output<typeof balanceQuery>;

export const noQuery = z.strictObject({});
export const spendersQuery = z.strictObject({ limit: integerParameter(1, 50, 5) });

export const streamHeaders = z.strictObject({
  'Last-Event-ID': z
    .string()
    .regex(TRANSACTION_ID, 'must be the id of a transaction')
    .optional()
    .describe('The id of the last transaction received. The stream continues after it.'),
});

/** A Structured Field string (RFC 8941, section 3.3.3) or, as many clients send it, only its content. */
const IDEMPOTENCY_KEY =
  /^(?:"([\x20\x21\x23-\x5b\x5d-\x7e]{1,128})"|([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,128}))$/;

export const transferHeaders = z.strictObject({
  'Idempotency-Key': z
    .string()
    .regex(IDEMPOTENCY_KEY, 'must be 1 to 128 visible ASCII characters')
    .transform((text) => text.replace(IDEMPOTENCY_KEY, '$1$2'))
    .describe('1 to 128 visible ASCII characters. Use a new key for each transfer.'),
});

export const transferBody = z
  .strictObject({
    to: accountIdSchema,
    amountMinor: amountMinorSchema,
    description: z
      .string()
      .trim()
      .refine((text) => text.length > 0 && characters(text) <= 140, 'must be 1 to 140 characters long')
      .describe('1 to 140 characters.')
      .refine(
        (text) => !CONTROL_CHARACTER.test(text) && text.isWellFormed(),
        'must not contain control characters',
      ),
  })
  .meta({ id: 'Transfer' });
