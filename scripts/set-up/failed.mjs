/** The set-up can't go on. The message says why and what is wanted, for people. */
export class SetUpFailed extends Error {
  code = 'set_up_failed';
  name = 'SetUpFailed';
}

/** What a program that failed has said. */
export const saidBy = ({ stdout, stderr, message }) => `${stdout ?? ''}${stderr ?? ''}`.trim() || message;
