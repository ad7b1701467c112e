import { expect } from 'vitest';
import { verifyAudit } from '../../src/audit/verify.ts';
import {
  addClient,
  addLoginClient,
  findLoginClient,
  listClients,
  proveClient,
} from '../../src/clients/clients.ts';
import { auditKey } from '../../src/redis/keys.ts';
import { type CommandResult, runPortcullis, spawnPortcullis } from '../support/command-line.ts';
import { redisTest } from '../support/fixtures.ts';

const test = redisTest
  /** Runs `portcullis client …` as an operator would. */
  .extend(
    'runClient',
    ({ redis }) =>
      (
        args: readonly string[],
        env: Record<string, string> = {},
        run = runPortcullis,
      ): Promise<CommandResult> =>
        run(['client', ...args], { env: { REDIS_URL: redis.url, LOG_LEVEL: 'debug', ...env } }),
  )
  .extend('records', ({ link }) => async (): Promise<Record<string, unknown>[]> => {
    const entries = (await link.run((client) => client.xRange(auditKey(), '-', '+'))) ?? [];
    return entries.map(({ message }) => JSON.parse(message.record ?? '{}') as Record<string, unknown>);
  });

test('a client is added with a secret that is printed once, is listed without it, and is removed', async ({
  runClient,
  link,
  redis,
  records,
}) => {
  const added = await runClient(['add', 'Statement service', '--use', 'introspect'], {}, spawnPortcullis);
  expect(added).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(
      /^\{.*"event":"audit".*\}\nStore the secret now: it cannot be shown again.\n$/,
    ),
  });
  const [, id = '', secret = ''] =
    /^client_id=([0-9a-f]{32})\nclient_secret=([\w-]{43})\n$/.exec(added.stdout) ?? [];
  expect(await proveClient(link, id, secret)).toMatchObject({
    proven: true,
    client: { name: 'Statement service', uses: ['introspect'] },
  });
  expect(JSON.stringify([...(await redis.dump())])).not.toContain(secret);

  const { stdout } = await runClient(['list']);
  expect(stdout).toMatch(new RegExp(`^${id}  \\d{4}-\\d\\d-\\d\\dT\\S+Z  introspect  Statement service\n$`));

  expect(await runClient(['remove', id])).toMatchObject({ exitCode: 0, stdout: `removed ${id}\n` });
  expect(await proveClient(link, id, secret)).toEqual({ proven: false });
  expect(await runClient(['remove', id])).toMatchObject({ exitCode: 1, stdout: '' });
  expect(await records()).toMatchObject([
    { action: 'client_add', actor: 'operator', subject: id, detail: 'introspect', result: 'done' },
    { action: 'client_remove', actor: 'operator', subject: id, result: 'done' },
  ]);
  expect((await verifyAudit(link, 'security')).fault).toBeUndefined();
});

test.for([
  ['login', [], undefined],
  ['login:dpop-bound', ['--dpop-bound'], 'dpop'],
  ['login:certificate-bound', ['--certificate-bound'], 'certificate'],
] as const)(
  'an app for %s is added without a secret, is listed, and is removed',
  async ([uses, flags, boundTo], { runClient, link, records }) => {
    const added = await runClient(['add', 'Mobile app', '--use', 'login', ...flags]);
    expect(added.exitCode).toBe(0);
    const [, id = ''] = /^client_id=([0-9a-f]{32})\n$/.exec(added.stdout) ?? [];
    expect(await findLoginClient(link, id)).toMatchObject({
      id,
      name: 'Mobile app',
      uses: ['login'],
      boundTo,
    });

    const { stdout } = await runClient(['list']);
    expect(stdout).toMatch(new RegExp(`^${id}  \\S+Z  ${uses}  Mobile app$`, 'm'));

    expect(await runClient(['remove', id])).toMatchObject({ exitCode: 0, stdout: `removed ${id}\n` });
    expect(await findLoginClient(link, id)).toBeUndefined();
    expect((await records()).filter(({ subject }) => subject === id)).toMatchObject([
      { action: 'client_add', detail: uses },
      { action: 'client_remove' },
    ]);
  },
);

test('no secret authenticates an app, not even the hash of which nobody knows the text', async ({ link }) => {
  const { id } = await addLoginClient(link, { name: 'app', boundTo: undefined }, new Date());
  for (const secret of ['', 'A'.repeat(43), Buffer.alloc(32).toString('base64url')])
    expect(await proveClient(link, id, secret)).toMatchObject({ proven: false });
});

test('a client with a secret is not registered for logins', async ({ link }) => {
  const { id } = await addClient(link, { name: 'service', uses: ['introspect'] }, new Date());
  expect(await findLoginClient(link, id)).toBeUndefined();
});

test.for([
  ['login and another use', ['add', 'x', '--use', 'login', 'introspect']],
  ['a binding that is not for logins', ['add', 'x', '--dpop-bound']],
  ['two bindings', ['add', 'x', '--use', 'login', '--dpop-bound', '--certificate-bound']],
  ['an unknown use', ['add', 'x', '--use', 'everything']],
  ['a name with a line break', ['add', 'a\nb']],
  ['no name', ['add', '']],
] as const)('a client with %s is not added', async ([_what, args], { link, runClient }) => {
  const before = await listClients(link);
  const { exitCode, stdout, stderr } = await runClient(args);
  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^portcullis: /);
  expect(await listClients(link)).toEqual(before);
});

test('without Redis the command reports it and prints no secret', async ({ runClient }) => {
  const { exitCode, stdout, stderr } = await runClient(['add', 'x'], { REDIS_URL: 'unix:///nowhere.sock' });
  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^portcullis: REDIS_URL: /);
});

test('two clients of the same name have different ids and secrets, and neither secret works for the other', async ({
  link,
}) => {
  const [one, two] = await Promise.all(
    [1, 2].map(() => addClient(link, { name: 'twin', uses: ['revoke'] }, new Date('2030-01-01T00:00:00Z'))),
  );
  if (one === undefined || two === undefined) throw new Error('two clients were asked for');
  expect(await proveClient(link, one.id, one.secret)).toMatchObject({ proven: true });
  expect(await proveClient(link, one.id, two.secret)).toEqual({ proven: false, clientId: one.id });
  expect(await proveClient(link, two.id, two.secret)).toMatchObject({ proven: true });
});
