import { execFileSync } from 'node:child_process';

/** Setup cannot continue. The message explains the cause and what to do about it. */
export class SetupError extends Error {
  code = 'setup_failed';
  name = 'SetupError';
}

/** Runs a program. @throws {SetupError} with `errorMessage` and the program's output */
export function run(program, args, { errorMessage, ...options }) {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  } catch ({ stdout, stderr, message }) {
    throw new SetupError(`${errorMessage}\n${`${stdout ?? ''}${stderr ?? ''}`.trim() || message}`);
  }
}
