import { execFile } from 'node:child_process';
import type { Outcome } from '../model/operation.ts';
import type { Step } from '../plan/steps.ts';
import type { SoakContext } from './soak-context.ts';

const COMMAND_TIMEOUT_MS = 60_000;

/** Rotates the signing keys with the command line, or retires the oldest one that does not sign any more. */
export async function keyStep(context: SoakContext, { name }: Step): Promise<void> {
  const kid = name === 'retire' ? await retirable(context) : undefined;
  if (kid === undefined) return rotate(context);
  await context.recorder.run(
    { name: 'key-retire', by: 'operator', effects: [{ kind: 'retire', kid }] },
    async () => commandReply(await runCommand(context, ['keys', 'retire', kid])),
  );
}

async function rotate(context: SoakContext): Promise<void> {
  await context.recorder.run({ name: 'key-rotate', by: 'operator' }, async () =>
    commandReply(await runCommand(context, ['keys', 'rotate', '--now'])),
  );
}

/** The oldest key that only verifies. */
async function retirable(context: SoakContext): Promise<string | undefined> {
  const { output } = await runCommand(context, ['keys', 'list']);
  const rows = output.split('\n').map((line) => line.trim().split(/\s+/));
  return rows.find(([, state]) => state === 'verifying')?.[0];
}

interface CommandResult {
  code: number;
  output: string;
}

/** The exit code of a change is 0 only if every gateway has confirmed it. */
const commandReply = ({ code, output }: CommandResult): { outcome: Outcome; detail: string } => ({
  outcome: code === 0 ? 'ok' : 'unknown',
  detail: code === 0 ? '' : `exit code ${code}: ${output.trim().split('\n').at(-1)}`,
});

function runCommand({ world }: SoakContext, args: readonly string[]): Promise<CommandResult> {
  return new Promise((settle) => {
    const options = { env: world.env, timeout: COMMAND_TIMEOUT_MS };
    const command = ['--expose-gc', 'src/main.ts', ...args];
    execFile(process.execPath, command, options, (fault, stdout, stderr) => {
      settle({ code: fault === null ? 0 : Number(fault.code ?? 1), output: stdout + stderr });
    });
  });
}
