import { z } from 'zod';
import type { GatewayReason } from '../gateway/problems/table.ts';
import type { Answer, Body, Operation } from './operation.ts';
import { gatewayRefusals } from './refusals.ts';

/** An operation of the gateway's own, with the reasons for which its route itself says no. */
export const gatewayOperation = (
  operation: Omit<Operation, 'refusals'>,
  own: readonly GatewayReason[] = [],
): Operation => ({ ...operation, refusals: gatewayRefusals(operation, own) });

export const jsonBody = (schema: z.ZodType): Body => ({ schema, mediaType: 'application/json' });
export const formBody = (schema: z.ZodType): Body => ({
  schema,
  mediaType: 'application/x-www-form-urlencoded',
});

export const NO_CONTENT: Readonly<Record<number, Answer>> = { 204: { description: 'Done.' } };

export const ok = (description: string, schema: z.ZodType): Readonly<Record<number, Answer>> => ({
  200: { description, schema },
});

/** An id in a path. Any text is taken; one that names nothing is a 404. */
export const idParameter = (name: string, description: string): z.ZodObject =>
  z.strictObject({ [name]: z.string().describe(description) });
