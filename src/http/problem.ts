import { z } from 'zod';

/** One thing that a client has to mend. */
export const fieldErrorSchema = z.strictObject({
  field: z
    .string()
    .describe(
      'a path of member names divided by dots, or the name of a parameter or header; empty for the whole',
    ),
  message: z.string(),
});
export type FieldError = z.output<typeof fieldErrorSchema>;

/** Every "no" of the gateway and of the bank (RFC 9457). */
export const problemSchema = z.strictObject({
  type: z.string().describe('`urn:portcullis:problem:` and the code'),
  title: z.string().describe('for people; it may change'),
  status: z.int().min(400).max(599),
  code: z.string().describe('for programs; it stays'),
  request_id: z.string().optional().describe('what the request is called in the logs'),
  errors: z.array(fieldErrorSchema).optional().describe('which fields are wrong, and why'),
});
export type Problem = Omit<z.output<typeof problemSchema>, 'errors'> & {
  errors?: readonly FieldError[] | undefined;
};
