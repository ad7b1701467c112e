import type { z } from 'zod';
import type { FieldError } from './problem.ts';

const MAX_ERRORS_TOLD = 10;
/** Names that a client made up are repeated to it, but not at any length. */
const MAX_FIELD_CHARACTERS = 64;

/** Which fields of a client's input are wrong, and why. A member that is not known is named itself. */
export const fieldErrors = ({ issues }: z.ZodError): FieldError[] =>
  issues.flatMap(errorsOfIssue).slice(0, MAX_ERRORS_TOLD);

function errorsOfIssue(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code !== 'unrecognized_keys') return [fieldError(issue.path, issue.message)];
  return issue.keys.map((key) => fieldError([...issue.path, key], 'is not known here'));
}

export const fieldError = (path: readonly PropertyKey[], message: string): FieldError => ({
  field: path.map(String).join('.').slice(0, MAX_FIELD_CHARACTERS),
  message,
});
