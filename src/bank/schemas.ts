import { z } from 'zod';

/**
 * What the bank takes and gives, as schemas: they validate requests, name the types of answers, and are what
 * a description of the API is generated from. Amounts are whole numbers of the currency's minor unit (cents).
 */

/** A transaction's id: milliseconds since 1970, a hyphen, a number within the millisecond. */
export const TRANSACTION_ID = /^\d{1,15}-\d{1,15}$/;
const ACCOUNT_ID = /^[\w-]{1,64}$/;
const CONTROL_CHARACTER = /\p{Cc}/u;
const MAX_MILLISECONDS = 8_640_000_000_000_000;

export const accountIdSchema = z.string().regex(ACCOUNT_ID, 'wants an account id');
export const amountMinorSchema = z.int().min(1).describe("in the currency's minor unit, such as cents");

export const accountSchema = z.strictObject({
  id: accountIdSchema,
  ownerId: z.string(),
  name: z.string().describe('the account holder'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .describe('ISO 4217'),
  balanceMinor: z.int().min(0),
  openedAt: z.iso.datetime(),
});
export type Account = z.output<typeof accountSchema>;

export const transactionSchema = z.strictObject({
  id: z.string().regex(TRANSACTION_ID).describe('unique within the account, ascending in time'),
  accountId: accountIdSchema,
  at: z.iso.datetime(),
  direction: z.enum(['debit', 'credit']),
  type: z.string().describe('what it was for: groceries, travel, transfer …'),
  counterparty: z.string(),
  description: z.string(),
  amountMinor: amountMinorSchema,
  currency: accountSchema.shape.currency,
  balanceAfterMinor: z.int().min(0),
});
export type Transaction = z.output<typeof transactionSchema>;

export const accountsResponse = z.strictObject({ accounts: z.array(accountSchema) });
export const transactionsResponse = z.strictObject({
  transactions: z.array(transactionSchema),
  nextCursor: z.string().nullable().describe('null when there are no older ones'),
});
export const searchResponse = z.strictObject({
  transactions: z.array(transactionSchema),
  complete: z.boolean().describe('false when older transactions were not looked at'),
});
export const balanceResponse = z.array(
  z.strictObject({
    x: z.int().describe('milliseconds since 1970'),
    y: z.int().describe("in the currency's minor unit"),
  }),
);
export type BalancePoint = z.output<typeof balanceResponse>[number];
export const spendersResponse = z.strictObject({
  currency: accountSchema.shape.currency,
  spenders: z.array(z.strictObject({ counterparty: z.string(), amountMinor: amountMinorSchema })),
});
export type Spender = z.output<typeof spendersResponse>['spenders'][number];

const wholeNumber = (least: number, most: number, preset: number) => {
  const wants = `wants a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error: wants, abort: true })
    .transform(Number)
    .refine((value) => value >= least && value <= most, wants)
    .default(preset)
    .describe(`from ${least} to ${most}; ${preset} unless given`);
};

/** An instant in milliseconds since 1970, given as that or as an RFC 3339 date-time. */
const instant = z
  .string()
  .transform((text) => (/^\d{1,16}$/.test(text) ? Number(text) : rfc3339Milliseconds(text)))
  .refine((ms) => ms >= 0 && ms <= MAX_MILLISECONDS, 'wants milliseconds since 1970 or an RFC 3339 date-time')
  .optional()
  .describe('milliseconds since 1970 or an RFC 3339 date-time');

const rfc3339Milliseconds = (text: string): number =>
  z.iso.datetime({ offset: true }).safeParse(text).success ? Date.parse(text) : Number.NaN;

const inOrder = ({ from, to }: { from?: number | undefined; to?: number | undefined }): boolean =>
  from === undefined || to === undefined || from <= to;
const notInOrder = { path: ['from'], error: 'wants an instant that is not after "to"' };

/** Where the next page begins: the id of the last transaction of this one, in a form that invites no guessing. */
export const encodeCursor = (transactionId: string): string =>
  Buffer.from(transactionId).toString('base64url');

/** No entry has the id 0-0, and Redis answers a read of what came before it with an error. */
const isPosition = (id: string): boolean => TRANSACTION_ID.test(id) && /[1-9]/.test(id);

const cursor = z
  .string()
  .max(64, 'wants the nextCursor of an answer')
  .transform((text) => {
    const id = Buffer.from(text, 'base64url').toString('latin1');
    return encodeCursor(id) === text ? id : '';
  })
  .refine(isPosition, 'wants the nextCursor of an answer')
  .optional()
  .describe('the `nextCursor` of an earlier page');

export const noQuery = z.strictObject({});

export const transactionsQuery = z
  .strictObject({
    limit: wholeNumber(1, 100, 10),
    cursor,
    type: z
      .string()
      .regex(/^[a-z][a-z-]{0,31}$/, 'wants a type such as groceries')
      .optional()
      .describe('such as groceries'),
    from: instant,
    to: instant,
  })
  .refine(inOrder, notInOrder);
export type TransactionsQuery = z.output<typeof transactionsQuery>;

const characters = (text: string): number => [...text].length;

export const searchQuery = z.strictObject({
  term: z
    .string('wants 3 to 100 characters')
    .trim()
    .refine((term) => characters(term) >= 3 && characters(term) <= 100, 'wants 3 to 100 characters')
    .describe('3 to 100 characters, in any case'),
  limit: wholeNumber(1, 100, 10),
});

export const balanceQuery = z
  .strictObject({ from: instant, to: instant, points: wholeNumber(2, 1000, 100) })
  .refine(inOrder, notInOrder);
export type BalanceQuery = z.output<typeof balanceQuery>;

export const spendersQuery = z.strictObject({ limit: wholeNumber(1, 50, 5) });

export const streamHeaders = z.strictObject({
  'Last-Event-ID': z
    .string()
    .regex(TRANSACTION_ID, 'wants the id of a transaction')
    .optional()
    .describe('the id of the last transaction that was seen; what followed it comes first'),
});

/** A Structured Field string (RFC 8941, section 3.3.3), or, as many clients send it, its content alone. */
const IDEMPOTENCY_KEY =
  /^(?:"([\x20\x21\x23-\x5b\x5d-\x7e]{1,128})"|([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,128}))$/;

export const transferHeaders = z.strictObject({
  'Idempotency-Key': z
    .string()
    .regex(IDEMPOTENCY_KEY, 'wants 1 to 128 visible ASCII characters')
    .transform((text) => text.replace(IDEMPOTENCY_KEY, '$1$2'))
    .describe('1 to 128 visible characters, new for each transfer'),
});

export const transferBody = z.strictObject({
  to: accountIdSchema,
  amountMinor: amountMinorSchema,
  description: z
    .string()
    .trim()
    .refine((text) => text.length > 0 && characters(text) <= 140, 'wants 1 to 140 characters')
    .describe('1 to 140 characters')
    .refine(
      (text) => !CONTROL_CHARACTER.test(text) && text.isWellFormed(),
      'wants text without control characters',
    ),
});
