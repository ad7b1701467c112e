import type { z } from 'zod';
import type { Scope } from '../users/roles.ts';

/** What can be asked of the API: one operation says everything that a client has to know. */
export interface Operation {
  method: 'get' | 'put' | 'post' | 'delete';
  /** As clients see it, with `{name}` for a part that differs. */
  path: string;
  /** Unique, for generators of clients. */
  id: string;
  group: Group;
  summary: string;
  details?: string;
  access: Access;
  parameters?: Parameters;
  body?: Body;
  /** What success looks like, by status. */
  answers: Readonly<Record<number, Answer>>;
  refusals: readonly RefusalFacts[];
}

export const GROUPS = {
  'Log in and out': 'Get a pair of tokens, renew it, give it up.',
  Sessions: 'Where am I logged in, and what does my session remember?',
  Account: "The user's own account.",
  Administration: 'Users, their rights and the audit trail.',
  OAuth: 'The standards, for registered clients and for libraries.',
  Bank: 'The bank behind the gateway. Amounts are whole numbers of the minor unit, such as cents.',
  Service: 'For operators and developers.',
} as const;
export type Group = keyof typeof GROUPS;

/** Who may. A refresh token or a client's secret is a credential of its own kind. */
export type Access =
  | { by: 'anyone' }
  | { by: 'access-token'; scope?: Scope }
  | { by: 'refresh-token'; cookieToo?: boolean }
  | { by: 'client' };

/** Each an object schema whose members are the parameters, as the client writes them. */
export interface Parameters {
  path?: z.ZodObject;
  query?: z.ZodObject;
  header?: z.ZodObject;
}

export interface Body {
  schema: z.ZodType;
  mediaType: 'application/json' | 'application/x-www-form-urlencoded';
  /** Unless given, there has to be a body. */
  optional?: boolean;
}

export interface Answer {
  description: string;
  schema?: z.ZodType;
  /** `application/json` unless given. */
  mediaType?: string;
  headers?: Readonly<Record<string, string>>;
}

/** One way to be refused. */
export interface RefusalFacts {
  status: number;
  code: string;
  title: string;
  /** On the routes of the OAuth standards: the `error` of RFC 6749, section 5.2. */
  oauthError?: string;
}
