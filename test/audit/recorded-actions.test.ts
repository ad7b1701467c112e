import { decodeJwt } from 'jose';
import { expect } from 'vitest';
import { verifyAudit } from '../../src/audit/verify.ts';
import type { AccessClaims } from '../../src/jwt/access-token.ts';
import { auditKey } from '../../src/redis/keys.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { bearer, postJson, type TestGateway } from '../support/gateway.ts';
import { logIn, refresh, refreshed, startAnotherGateway, type Tokens } from '../support/sessions.ts';
import { type AuditRecord, auditRecords } from './audit-records.ts';

const test = gatewayTest({ TRUSTED_PROXIES: '127.0.0.0/8', SESSIONS_PER_USER_MAX: '2' });

const ADDRESS = '203.0.113.9';
const FROM = { 'x-forwarded-for': ADDRESS };
const from = ({ access_token }: Tokens) => ({ ...bearer(access_token), ...FROM });

/** The records that `work` adds, without the fields that every record has, which are checked here. */
async function recordsOf(
  gateway: TestGateway,
  work: () => Promise<unknown>,
): Promise<Partial<AuditRecord>[]> {
  const before = (await auditRecords(gateway.link)).length;
  const startedAt = Date.now();
  await work();
  const records = (await auditRecords(gateway.link)).slice(before);
  return records.map(({ log, seq, prev, hash, time, requestId, ...record }) => {
    expect(Date.parse(time)).toBeGreaterThanOrEqual(startedAt - 1);
    expect(Date.parse(time)).toBeLessThanOrEqual(Date.now());
    expect(requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    return record;
  });
}

test('logins, failed logins, logouts, ended sessions and replays are recorded with actor, subject, session and address', async ({
  gateway,
}) => {
  const bob = gateway.users.find(({ username }) => username === 'bob')?.id ?? '';
  const added = (work: () => Promise<unknown>) => recordsOf(gateway, work);
  const common = { address: ADDRESS, result: 'done', role: 'user' };
  const tryLogIn = (username: string, password: string): Promise<Response> =>
    postJson(`${gateway.url}/auth/login`, { username, password }, FROM);

  const tokens: Tokens[] = [];
  const logIns = await added(async () => {
    for (let i = 0; i < 3; i += 1) tokens.push(await logIn(gateway.url, 'bob', { headers: FROM }));
  });
  const [first, second, third] = tokens as [Tokens, Tokens, Tokens];
  expect(logIns).toEqual([
    { ...common, action: 'login', actor: bob, session: first.session_id },
    { ...common, action: 'login', actor: bob, session: second.session_id },
    {
      ...common,
      action: 'login',
      actor: bob,
      session: third.session_id,
      detail: `ended for it: ${first.session_id}`,
    },
  ]);

  expect(
    await added(async () => {
      await tryLogIn('bob', 'not his');
      await tryLogIn('nobody-at-all', 'not his');
    }),
  ).toEqual([
    { ...common, action: 'login', result: 'refused', subject: bob, detail: 'wrong password' },
    { address: ADDRESS, action: 'login', result: 'refused', detail: 'no such user' },
  ]);

  const strict = await startAnotherGateway(gateway, { settings: { sessionsPerUserPolicy: 'refuse' } });
  expect(
    await added(() => postJson(`${strict.url}/auth/login`, { username: 'bob', password: 'foobared' }, FROM)),
  ).toEqual([{ ...common, action: 'login', result: 'refused', actor: bob, detail: 'too_many_sessions' }]);
  await strict.close();

  expect(
    await added(() =>
      fetch(`${gateway.url}/auth/sessions/${second.session_id}`, { method: 'DELETE', headers: from(third) }),
    ),
  ).toEqual([{ ...common, action: 'session_end', actor: bob, subject: bob, session: second.session_id }]);
  expect(
    await added(() =>
      fetch(`${gateway.url}/auth/sessions/${second.session_id}`, { method: 'DELETE', headers: from(third) }),
    ),
  ).toEqual([]);
  expect(
    await added(() =>
      fetch(`${gateway.url}/auth/sessions?keep=current`, { method: 'DELETE', headers: from(third) }),
    ),
  ).toEqual([]);
  expect(
    await added(() => fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers: from(third) })),
  ).toEqual([{ address: ADDRESS, result: 'done', action: 'logout', actor: bob, session: third.session_id }]);

  const hers = await logIn(gateway.url, 'alice');
  await refreshed(gateway.url, (await refreshed(gateway.url, hers.refresh_token)).refresh_token);
  expect(await added(() => refresh(gateway.url, hers.refresh_token))).toEqual([
    {
      action: 'refresh_reuse',
      result: 'done',
      subject: (decodeJwt(hers.access_token) as AccessClaims).sub,
      session: hers.session_id,
      address: '127.0.0.1',
      detail: 'last refresh from 127.0.0.1',
    },
  ]);
  expect(await verifyAudit(gateway.link, 'customers')).toMatchObject({ records: 9, fault: undefined });
  expect(await verifyAudit(gateway.link, 'security')).toMatchObject({ records: 1, fault: undefined });
});

test('no record contains a password, a token, a username or anything else that a client sent', async ({
  gateway,
}) => {
  const typed = 'my-password-in-the-wrong-field';
  await postJson(`${gateway.url}/auth/login`, { username: typed, password: 'a-wrong-password' });
  const tokens = await logIn(gateway.url, 'bob', {
    headers: { 'user-agent': 'Shibboleth/1.0', cookie: 'a=secret' },
  });
  const next = await refreshed(gateway.url, tokens.refresh_token);
  await refresh(gateway.url, `${tokens.refresh_token}x`);
  await fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers: from(next) });
  const written = JSON.stringify(await auditRecords(gateway.link));
  const parts = [tokens, next].flatMap(({ access_token, refresh_token }) => [
    ...access_token.split('.'),
    refresh_token.split('.').at(-1) ?? '',
  ]);
  for (const secret of [typed, 'a-wrong-password', 'foobared', 'bob"', 'Shibboleth', 'secret', ...parts])
    expect(written.includes(secret), secret.slice(0, 8)).toBe(false);
});

test('a login that cannot be recorded is rejected', async ({ gateway }) => {
  const key = auditKey('customers');
  await gateway.link.run((client) =>
    client.multi().rename(key, '{audit}:aside').set(key, 'no stream').exec(),
  );
  const response = await postJson(`${gateway.url}/auth/login`, { username: 'bob', password: 'foobared' });
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await response.text()).not.toContain('token');
  await gateway.link.run((client) => client.multi().del(key).rename('{audit}:aside', key).exec());
});
