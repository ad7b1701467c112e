#!/usr/bin/env -S node --expose-gc
import { Command } from 'commander';
import { ROLES } from './users/roles.ts';

/**
 * The command line. Each command loads its own part of the program, so that none waits for another's.
 * Exit codes: 0 done, 1 refused or failed.
 */
const program = new Command('portcullis')
  .description(
    'An auth gateway for banking APIs: a request passes only when its token is both signed and alive.',
  )
  .showHelpAfterError();

program
  .command('gateway')
  .description('run the gateway; settings come from the environment')
  .action(async () => {
    const { runGateway } = await import('./cli/run-gateway.ts');
    process.exitCode = await runGateway(process.env);
  });

program
  .command('bank')
  .description('run the bank; settings come from the environment')
  .action(async () => {
    const { runBank } = await import('./cli/run-bank.ts');
    process.exitCode = await runBank(process.env);
  });

program
  .command('dev')
  .description('run Redis, the bank and the gateway with demo users')
  .action(async () => {
    const { runDev } = await import('./dev/run.ts');
    process.exitCode = await runDev(process.env);
  });

program
  .command('user')
  .description('manage users')
  .command('add')
  .description('add a user; the password is asked for, or read from standard input')
  .argument('<username>')
  .option('--display-name <name>', 'the name that is shown; the user name unless given')
  .option('--role <role>', `one of ${ROLES.join(', ')}`, 'user')
  .option('--email <address>', 'where password resets are mailed to')
  .action(async (username: string, options: { displayName?: string; role: string; email?: string }) => {
    const { runUserAdd } = await import('./cli/user-add.ts');
    process.exitCode = await runUserAdd(process.env, { username, ...options });
  });

const client = program
  .command('client')
  .description('manage the programs that may end tokens and ask about them');

client
  .command('add')
  .description('register a client; its secret is printed this once')
  .argument('<name>', 'what it is called in the list')
  .option('--use <use...>', 'what it may do: revoke, introspect', ['revoke', 'introspect'])
  .action(async (name: string, options: { use: string[] }) => {
    const { runClientAdd } = await import('./cli/client-add.ts');
    process.exitCode = await runClientAdd(process.env, { name, uses: options.use });
  });

client
  .command('list')
  .description('list the registered clients')
  .action(async () => {
    const { runClientList } = await import('./cli/client-list.ts');
    process.exitCode = await runClientList(process.env);
  });

client
  .command('remove')
  .description('remove a client: its next request is refused')
  .argument('<id>')
  .action(async (id: string) => {
    const { runClientRemove } = await import('./cli/client-remove.ts');
    process.exitCode = await runClientRemove(process.env, id);
  });

program
  .command('account')
  .description("manage the bank's accounts")
  .command('open')
  .description('open an account for a user')
  .argument('<username>', 'whose account it is')
  .option('--name <name>', 'what the account is called', 'Current account')
  .option('--balance-minor <amount>', 'the opening balance in minor units', '0')
  .action(async (username: string, options: { name: string; balanceMinor: string }) => {
    const { runAccountOpen } = await import('./cli/account-open.ts');
    process.exitCode = await runAccountOpen(process.env, { username, ...options });
  });

const keys = program.command('keys').description('manage the ring of keys that sign tokens');

keys
  .command('list')
  .description('list the keys, their states and times')
  .action(async () => {
    const { runKeysList } = await import('./cli/keys-list.ts');
    process.exitCode = await runKeysList(process.env);
  });

keys
  .command('rotate')
  .description('add a key: it is published now and signs later; without a ring, make one')
  .option('--now', 'let it sign at once, as soon as every gateway has published it', false)
  .action(async (options: { now: boolean }) => {
    const { runKeysRotate } = await import('./cli/keys.ts');
    process.exitCode = await runKeysRotate(process.env, options);
  });

keys
  .command('retire')
  .description('take a key out at once: every token that it has signed is refused from then on')
  .argument('<kid>')
  .action(async (kid: string) => {
    const { runKeysRetire } = await import('./cli/keys.ts');
    process.exitCode = await runKeysRetire(process.env, kid);
  });

program
  .command('audit')
  .description('look after the audit trail')
  .command('verify')
  .description('check that no record was altered or removed; exits with 1 and names the first that was')
  .action(async () => {
    const { runAuditVerify } = await import('./cli/audit-verify.ts');
    process.exitCode = await runAuditVerify(process.env);
  });

program
  .command('probe')
  .description('attack a running gateway with forged and malformed tokens; exits with 1 if anything gets in')
  .argument('<url>', 'such as http://127.0.0.1:8080')
  .requiredOption('--user <username>', 'a user who may log in')
  .requiredOption('--password-stdin', 'read the password from standard input')
  .action(async (url: string, options: { user: string }) => {
    const { runProbe } = await import('./cli/probe.ts');
    process.exitCode = await runProbe(url, options.user);
  });

program
  .command('health')
  .description('ask a running gateway or bank whether it is ready; for container health checks')
  .argument('<url>', 'such as http://127.0.0.1:8080')
  .action(async (url: string) => {
    const { runHealth } = await import('./cli/health.ts');
    process.exitCode = await runHealth(url);
  });

await program.parseAsync();
