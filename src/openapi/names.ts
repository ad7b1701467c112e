import { z } from 'zod';
import * as bank from '../bank/schemas.ts';
import { auditPageAnswerSchema } from '../gateway/routes/admin/audit.ts';
import { resetAnswerSchema, userSessionsAnswerSchema } from '../gateway/routes/admin/user-access.ts';
import { shownUserSchema, userCreateSchema, userPageAnswerSchema } from '../gateway/routes/admin/users.ts';
import { loginSchema } from '../gateway/routes/auth/login.ts';
import { passwordChangeSchema } from '../gateway/routes/auth/password.ts';
import { registerSchema } from '../gateway/routes/auth/register.ts';
import { bearerAnswerSchema, cookieAnswerSchema } from '../gateway/routes/auth/token-response.ts';
import { introspectionAnswerSchema } from '../gateway/routes/oauth/introspect.ts';
import { metadataAnswerSchema } from '../gateway/routes/oauth/metadata.ts';
import { tokenFormSchema } from '../gateway/routes/oauth/revoke.ts';
import { sessionAnswerSchema } from '../gateway/routes/sessions/current.ts';
import { ownSessionsAnswerSchema } from '../gateway/routes/sessions/sessions.ts';
import { problemSchema } from '../http/problem.ts';
import { sessionSummarySchema } from '../sessions/list.ts';
import { NamedSchemas } from './json-schema.ts';
import { keySetSchema } from './operations/oauth.ts';
import { tokenAnswerSchema } from './operations/signing-in.ts';

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
  Tokens: tokenAnswerSchema,
  BearerTokens: bearerAnswerSchema,
  CookieTokens: cookieAnswerSchema,
  CurrentSession: sessionAnswerSchema,
  Session: sessionSummarySchema,
  OwnSessions: ownSessionsAnswerSchema,
  UserSessions: userSessionsAnswerSchema,
  User: shownUserSchema,
  UserPage: userPageAnswerSchema,
  AuditPage: auditPageAnswerSchema,
  PasswordResetDelivery: resetAnswerSchema,
  Introspection: introspectionAnswerSchema,
  ServerMetadata: metadataAnswerSchema,
  KeySet: keySetSchema,
};

const BANK_ANSWERS = {
  Account: bank.accountSchema,
  Accounts: bank.accountsAnswer,
  Transaction: bank.transactionSchema,
  TransactionPage: bank.transactionsAnswer,
  FoundTransactions: bank.searchAnswer,
  BalancePoints: bank.balanceAnswer,
  Spenders: bank.spendersAnswer,
};

/** The schemas that have a name in the document. */
export const namedSchemas = ({ withBank }: { withBank: boolean }): NamedSchemas =>
  new NamedSchemas({
    input: withBank ? { ...REQUESTS, Transfer: bank.transferBody } : REQUESTS,
    output: withBank ? { ...ANSWERS, ...BANK_ANSWERS } : ANSWERS,
  });
