import { Refusal } from '../../../refusal.ts';
import { passwordFault } from '../../../users/password-rules.ts';
import type { PasswordHasher } from '../../../users/passwords.ts';

/** The hash of a new password, or why it can't be one, told of the field that it came in. @throws {PasswordQueueFull} */
export async function hashNewPassword(
  hasher: PasswordHasher,
  { field, password, username }: { field: string; password: string; username: string },
): Promise<string | Refusal<'body_wrong'>> {
  const message = await passwordFault(password, username);
  return message === undefined
    ? hasher.hash(password)
    : new Refusal('body_wrong', { errors: [{ field, message }] });
}
