import { describe, expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { loginAs } from '../../support/gateway.ts';
import { idOf, send } from './admin-clients.ts';

const PASSWORD = 'correct horse battery';

const namesOf = (body: Record<string, unknown>): string[] =>
  (body.users as { username: string }[]).map(({ username }) => username);

const test = gatewayTest({ LOGIN_FAILURES_PER_ADDRESS: '1000' })
  .extend('root', { scope: 'file' }, ({ gateway }) => loginAs(gateway.url, 'root'))
  .extend('ada', { scope: 'file' }, ({ gateway }) => loginAs(gateway.url, 'ada'))
  .extend(
    'list',
    ({ gateway, ada }) =>
      (query = '') =>
        send(`${gateway.url}/admin/users${query}`, 'GET', { token: ada }),
  )
  .extend(
    'create',
    ({ ada, gateway }) =>
      (body: unknown, token = ada) =>
        send(`${gateway.url}/admin/users`, 'POST', { token, body }),
  );

describe('the list', () => {
  test('shows every user by username with role, status and creation time, and no password hash', async ({
    list,
    gateway,
  }) => {
    const { status, body } = await list();
    expect(status).toBe(200);
    expect(namesOf(body)).toEqual(['ada', 'alice', 'bob', 'root', 'sam']);
    expect(body.next_cursor).toBeNull();
    expect((body.users as unknown[])[2]).toEqual({
      id: idOf(gateway, 'bob'),
      username: 'bob',
      display_name: 'Bob Mould',
      role: 'user',
      status: 'active',
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      email: 'bob@demo.example',
      unconfirmed_email: null,
      ranges: [],
    });
    expect(JSON.stringify(body)).not.toContain('argon2');
  });

  test('lists each user once and in order across pages, whatever the script of their usernames', async ({
    create,
    list,
  }) => {
    for (const username of ['Zoë', 'bobby', 'Åsa', '山田']) await create({ username, password: PASSWORD });
    const seen: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 10; pages += 1) {
      const { body } = await list(`?limit=2${cursor}`);
      seen.push(...namesOf(body));
      if (body.next_cursor === null) break;
      cursor = `&cursor=${String(body.next_cursor)}`;
    }
    expect(seen).toEqual(['ada', 'alice', 'bob', 'bobby', 'root', 'sam', 'Zoë', 'Åsa', '山田']);
  });

  test('filters by the beginning of the username with `q`, in any case and Unicode form, and pages through the matches', async ({
    list,
  }) => {
    expect(namesOf((await list('?q=BO')).body)).toEqual(['bob', 'bobby']);
    const first = await list('?q=bo&limit=1');
    expect(namesOf(first.body)).toEqual(['bob']);
    const next = await list(`?q=bo&limit=1&cursor=${String(first.body.next_cursor)}`);
    expect([namesOf(next.body), next.body.next_cursor]).toEqual([['bobby'], null]);
    expect(namesOf((await list('?q=nobody')).body)).toEqual([]);
  });

  test.for([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=1e1', 'limit'],
    ['limit=007', 'limit'],
    ['cursor=%5B%5D', 'cursor'],
    ['limit=1&limit=2', 'limit'],
    ['colour=red', 'colour'],
  ])('%s is a 400 that names the parameter', async ([query, field], { list }) => {
    expect(await list(`?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'query_invalid', errors: [expect.objectContaining({ field })] },
    });
  });
});

describe('creating a user', () => {
  test('creates an active user with the lowest role who can log in, and records it', async ({
    create,
    gateway,
    ada,
  }) => {
    const { status, body } = await create({
      username: 'Carol',
      password: PASSWORD,
      display_name: 'Carol King',
      email: 'carol@bank.example',
      ranges: ['127.0.0.0/8'],
    });
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { username: 'Carol', role: 'user', status: 'active', ranges: ['127.0.0.0/8'] },
    });
    const found = await send(`${gateway.url}/admin/users/${String(body.id)}`, 'GET', { token: ada });
    expect(found).toEqual({ status: 200, body });
    const login = { body: { username: 'carol', password: PASSWORD } };
    expect((await send(`${gateway.url}/auth/login`, 'POST', login)).status).toBe(200);
    const { body: page } = await send(`${gateway.url}/admin/audit?action=user_create&limit=1`, 'GET', {
      token: ada,
    });
    expect(page.records).toEqual([
      expect.objectContaining({ actor: idOf(gateway, 'ada'), subject: body.id, detail: 'user' }),
    ]);
  });

  test('ranges given at creation apply to the first login', async ({ create, gateway }) => {
    await create({ username: 'far', password: PASSWORD, ranges: ['192.0.2.0/24'] });
    const login = { body: { username: 'far', password: PASSWORD } };
    expect((await send(`${gateway.url}/auth/login`, 'POST', login)).status).toBe(401);
  });

  test('an admin cannot create staff, a super-admin can', async ({ create, list, root }) => {
    for (const role of ['supervisor', 'admin', 'super-admin'])
      expect(await create({ username: `new-${role}`, password: PASSWORD, role })).toMatchObject({
        status: 403,
        body: { code: 'insufficient_scope' },
      });
    expect(namesOf((await list('?q=new-')).body)).toEqual([]);
    expect(await create({ username: 'new-admin', password: PASSWORD, role: 'admin' }, root)).toMatchObject({
      status: 201,
      body: { role: 'admin' },
    });
  });

  test('a user without a password cannot log in until a password reset', async ({ create, gateway, ada }) => {
    const { body } = await create({ username: 'later' });
    const reset = await send(`${gateway.url}/admin/users/${String(body.id)}/password-reset`, 'POST', {
      token: ada,
    });
    expect(reset.body).toMatchObject({ delivery: 'answer', expires_in: 600 });
    const confirm = { token: reset.body.reset_token, new_password: PASSWORD };
    expect((await send(`${gateway.url}/auth/password-reset/confirm`, 'POST', { body: confirm })).status).toBe(
      204,
    );
    const login = { body: { username: 'later', password: PASSWORD } };
    expect((await send(`${gateway.url}/auth/login`, 'POST', login)).status).toBe(200);
  });

  test('a username that is taken in another case or Unicode form is a 409', async ({ create }) => {
    expect(await create({ username: 'BOB', password: PASSWORD })).toMatchObject({
      status: 409,
      body: { code: 'username_taken' },
    });
  });

  test.for<[what: string, body: { username: string; [member: string]: unknown }, field: string]>([
    ['a username with a space', { username: 'a b' }, 'username'],
    ['a username that has a space only after normalization', { username: 'a¨b' }, 'username'],
    ['a username with a line break', { username: 'a\nb' }, 'username'],
    ['a common password', { username: 'dave', password: 'Password1' }, 'password'],
    ['an invalid email address', { username: 'dave', email: 'dave@bank\r\nBcc: eve@evil.example' }, 'email'],
    ['a display name with a line break', { username: 'dave', display_name: 'a\nb' }, 'display_name'],
    ['51 ranges', { username: 'dave', ranges: Array(51).fill('10.0.0.1') }, 'ranges'],
  ])(
    '%s is a 400 that names the field, and no user is created',
    async ([_what, body, field], { create, list }) => {
      expect(await create(body)).toMatchObject({
        status: 400,
        body: { code: 'body_invalid', errors: [expect.objectContaining({ field })] },
      });
      expect(namesOf((await list(`?q=${body.username.slice(0, 1)}`)).body)).not.toContain(body.username);
    },
  );
});
