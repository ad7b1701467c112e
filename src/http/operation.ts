import { z } from 'zod';

/** The description of one route, from which its OpenAPI entry is generated. It stands beside the route's handler. */
export interface Operation<Reason extends string = string> {
  method: 'get' | 'put' | 'post' | 'delete';
  /** As clients see it, with `{name}` for a path parameter. */
  path: string;
  /** Unique, for client generators. */
  id: string;
  tag: Tag;
  summary: string;
  description?: string;
  access: Access;
  parameters?: Parameters;
  body?: Body;
  /** The successful responses, by status. */
  responses: Readonly<Record<number, ResponseDescription>>;
  /** The reasons for which the route itself refuses. Those of its access and its body are added. */
  refusals?: readonly Reason[];
}

export const TAGS = {
  Authentication: 'Log in and out, refresh tokens, register, and reset a password.',
  Sessions: "The user's own sessions and their data.",
  Account: "The user's own account.",
  Administration: 'Users, their access and the audit log.',
  OAuth: 'OAuth 2.0 endpoints for registered clients and libraries.',
  Bank: 'The demo bank behind the gateway. Amounts are whole numbers of the minor unit, such as cents.',
  Service: 'For operators and developers.',
} as const;
type Tag = keyof typeof TAGS;

/** Which credential a route requires. */
export type Access =
  | { by: 'anyone' }
  | { by: 'access-token'; scope?: string }
  | { by: 'refresh-token'; cookieToo?: boolean }
  | { by: 'client' };

/** Each an object schema whose members are the parameters. */
export interface Parameters {
  path?: z.ZodObject;
  query?: z.ZodObject;
  header?: z.ZodObject;
}

export interface Body {
  schema: z.ZodType;
  mediaType: 'application/json' | 'application/x-www-form-urlencoded';
  /** By default a body is required. */
  optional?: boolean;
}

export interface ResponseDescription {
  description: string;
  schema?: z.ZodType;
  /** By default `application/json`. */
  mediaType?: string;
  /** Descriptions by name. */
  headers?: Readonly<Record<string, string>>;
}

export const ANYONE: Access = { by: 'anyone' };
export const LOGGED_IN: Access = { by: 'access-token' };
export const withScope = (scope: string): Access => ({ by: 'access-token', scope });

export const jsonBody = (schema: z.ZodType): Body => ({ schema, mediaType: 'application/json' });
export const formBody = (schema: z.ZodType): Body => ({
  schema,
  mediaType: 'application/x-www-form-urlencoded',
});

export const NO_CONTENT: Operation['responses'] = { 204: { description: 'Done.' } };

export const ok = (description: string, schema: z.ZodType): Operation['responses'] => ({
  200: { description, schema },
});

/** An id in a path. Any text is accepted; an unknown id is a 404. */
export const idParameter = (name: string, description: string): z.ZodObject =>
  z.strictObject({ [name]: z.string().describe(description) });
