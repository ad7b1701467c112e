#!/usr/bin/env -S node --expose-gc
import { Command } from 'commander';
import { ROLES } from './users/roles.ts';

/** An action whose result becomes the exit code: 0 for success, 1 or more for a failure. */
const exitWith =
  <Parameters extends unknown[]>(run: (...given: Parameters) => Promise<number>) =>
  async (...given: Parameters): Promise<void> => {
    process.exitCode = await run(...given);
  };

/** The command line. Each command imports only the modules that it needs, so that it starts quickly. */
const program = new Command('portcullis')
  .description(
    'An auth gateway for banking APIs: forwards a request only if its token is valid and has not been revoked.',
  )
  .showHelpAfterError();

program
  .command('gateway')
  .description('run the gateway; settings come from the environment')
  .action(exitWith(async () => (await import('./cli/serve.ts')).runGateway(process.env)));

program
  .command('bank')
  .description('run the demo bank; settings come from the environment')
  .action(exitWith(async () => (await import('./cli/serve.ts')).runBank(process.env)));

program
  .command('dev')
  .description('run Redis, the demo bank and the gateway, with demo users')
  .action(exitWith(async () => (await import('./dev/run.ts')).runDev(process.env)));

const user = program.command('user').description('manage users');

user
  .command('add')
  .description('add a user; prompts for the password, or reads it from standard input')
  .argument('<username>')
  .option('--display-name <name>', 'the name to display (defaults to the username)')
  .option('--role <role>', `one of ${ROLES.join(', ')}`, 'user')
  .option('--email <address>', 'the email address for password resets')
  .action(
    exitWith(async (username: string, options: { displayName?: string; role: string; email?: string }) =>
      (await import('./cli/user.ts')).runUserAdd(process.env, { username, ...options }),
    ),
  );

user
  .command('email')
  .description('set the email address of a user, which counts as confirmed')
  .argument('<username>')
  .argument('<address>')
  .action(
    exitWith(async (username: string, email: string) =>
      (await import('./cli/user-email.ts')).runUserEmail(process.env, { username, email }),
    ),
  );

const client = program
  .command('client')
  .description('manage the clients that may revoke and introspect tokens, and the apps whose users log in');

client
  .command('add')
  .description('register a client and print its id and its secret, which cannot be shown again')
  .argument('<name>', 'a name for the list of clients')
  .option(
    '--use <use...>',
    'what the client may do: revoke, introspect, or login for an app without a secret',
    ['revoke', 'introspect'],
  )
  .option('--dpop-bound', 'every login needs a DPoP proof (RFC 9449)', false)
  .option('--certificate-bound', 'every login needs a client certificate (RFC 8705)', false)
  .action(
    exitWith(
      async (name: string, options: { use: string[]; dpopBound: boolean; certificateBound: boolean }) =>
        (await import('./cli/client.ts')).runClientAdd(process.env, { name, uses: options.use, ...options }),
    ),
  );

client
  .command('list')
  .description('list the registered clients')
  .action(exitWith(async () => (await import('./cli/client.ts')).runClientList(process.env)));

client
  .command('remove')
  .description('remove a client; its next request and each refresh of its sessions are rejected')
  .argument('<id>')
  .action(exitWith(async (id: string) => (await import('./cli/client.ts')).runClientRemove(process.env, id)));

program
  .command('account')
  .description("manage the demo bank's accounts")
  .command('open')
  .description('open an account for a user')
  .argument('<username>', 'the owner of the account')
  .option('--name <name>', 'the name of the account', 'Current account')
  .option('--balance-minor <amount>', 'the opening balance in minor units', '0')
  .action(
    exitWith(async (username: string, options: { name: string; balanceMinor: string }) =>
      (await import('./cli/account.ts')).runAccountOpen(process.env, { username, ...options }),
    ),
  );

const keys = program.command('keys').description('manage the keys that sign tokens');

keys
  .command('list')
  .description('list the keys with their states and times')
  .action(exitWith(async () => (await import('./cli/keys.ts')).runKeysList(process.env)));

keys
  .command('rotate')
  .description('add a key, which is published now and signs later; creates the key ring if there is none')
  .option('--now', 'sign with it as soon as every gateway has published it', false)
  .action(
    exitWith(async (options: { now: boolean }) =>
      (await import('./cli/keys.ts')).runKeysRotate(process.env, options),
    ),
  );

keys
  .command('retire')
  .description('remove a key at once; tokens that it has signed become invalid')
  .argument('<kid>')
  .action(exitWith(async (kid: string) => (await import('./cli/keys.ts')).runKeysRetire(process.env, kid)));

const audit = program.command('audit').description('verify and export the audit logs');

audit
  .command('verify')
  .description(
    'check that no record was altered or removed: exit code 1 and the first one that was; 2 if only records are missing that were never exported',
  )
  .option('--file <path>', 'check an export instead, without Redis')
  .option('--jwks <path>', "with --file: the public keys (RFC 7517) instead of the gateway's own")
  .action(
    exitWith(async ({ file, jwks }: { file?: string; jwks?: string }) => {
      const { runAuditVerify, runAuditVerifyFile } = await import('./cli/audit.ts');
      return file === undefined
        ? runAuditVerify(process.env)
        : runAuditVerifyFile(process.env, { file, ...(jwks !== undefined && { jwks }) });
    }),
  );

audit
  .command('export')
  .description('write the records since the last export as JSON lines, with a signed checkpoint at the end')
  .option('--all', 'all records that are left', false)
  .option('--output <path>', 'a file to create, in place of standard output')
  .action(
    exitWith(async (options: { all: boolean; output?: string }) =>
      (await import('./cli/audit-export.ts')).runAuditExport(process.env, options),
    ),
  );

program
  .command('probe')
  .description(
    'attack a running gateway with forged and malformed tokens; exit code 1 if any attack succeeds',
  )
  .argument('<url>', 'for example http://127.0.0.1:8080')
  .requiredOption('--user <username>', 'the user to log in as')
  .requiredOption('--password-stdin', 'read the password from standard input')
  .action(
    exitWith(async (url: string, options: { user: string }) =>
      (await import('./cli/probe.ts')).runProbe(url, options.user),
    ),
  );

program
  .command('health')
  .description('check whether a running gateway or bank is ready; for container health checks')
  .argument('<url>', 'for example http://127.0.0.1:8080')
  .action(exitWith(async (url: string) => (await import('./cli/serve.ts')).runHealth(url)));

await program.parseAsync();
