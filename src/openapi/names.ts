import { z } from 'zod';
import * as bank from '../bank/schemas.ts';
import { auditPageResponseSchema } from '../gateway/routes/admin/audit.ts';
import { resetResponseSchema, userSessionsResponseSchema } from '../gateway/routes/admin/user-access.ts';
import { shownUserSchema, userCreateSchema, userPageResponseSchema } from '../gateway/routes/admin/users.ts';
import { loginSchema } from '../gateway/routes/auth/login.ts';
import { passwordChangeSchema } from '../gateway/routes/auth/password.ts';
import { registerSchema } from '../gateway/routes/auth/register.ts';
import { bearerResponseSchema, cookieResponseSchema } from '../gateway/routes/auth/token-response.ts';
import { introspectionResponseSchema } from '../gateway/routes/oauth/introspect.ts';
import { metadataResponseSchema } from '../gateway/routes/oauth/metadata.ts';
import { tokenFormSchema } from '../gateway/routes/oauth/revoke.ts';
import { sessionResponseSchema } from '../gateway/routes/sessions/current.ts';
import { ownSessionsResponseSchema } from '../gateway/routes/sessions/sessions.ts';
import { problemSchema } from '../http/problem.ts';
import { sessionSummarySchema } from '../sessions/list.ts';
import { NamedSchemas } from './json-schema.ts';
import { keySetSchema } from './operations/oauth.ts';
import { tokenResponseSchema } from './operations/signing-in.ts';

/** RFC 6749, section 5.2, with all members of a problem. */
const oauthProblemSchema = problemSchema.extend({ error: z.string() });

const REQUESTS = {
  LogIn: loginSchema,
  Registration: registerSchema,
  PasswordChange: passwordChangeSchema,
  NewUser: userCreateSchema,
  TokenForm: tokenFormSchema,
};

const ANSWERS = {
  Problem: problemSchema,
  OauthProblem: oauthProblemSchema,
  Tokens: tokenResponseSchema,
  BearerTokens: bearerResponseSchema,
  CookieTokens: cookieResponseSchema,
  CurrentSession: sessionResponseSchema,
  Session: sessionSummarySchema,
  OwnSessions: ownSessionsResponseSchema,
  UserSessions: userSessionsResponseSchema,
  User: shownUserSchema,
  UserPage: userPageResponseSchema,
  AuditPage: auditPageResponseSchema,
  PasswordResetDelivery: resetResponseSchema,
  Introspection: introspectionResponseSchema,
  ServerMetadata: metadataResponseSchema,
  KeySet: keySetSchema,
};

const BANK_ANSWERS = {
  Account: bank.accountSchema,
  Accounts: bank.accountsResponse,
  Transaction: bank.transactionSchema,
  TransactionPage: bank.transactionsResponse,
  FoundTransactions: bank.searchResponse,
  BalancePoints: bank.balanceResponse,
  Spenders: bank.spendersResponse,
};

/** The schemas that have a name in the document. */
export const namedSchemas = ({ withBank }: { withBank: boolean }): NamedSchemas =>
  new NamedSchemas({
    input: withBank ? { ...REQUESTS, Transfer: bank.transferBody } : REQUESTS,
    output: withBank ? { ...ANSWERS, ...BANK_ANSWERS } : ANSWERS,
  });
