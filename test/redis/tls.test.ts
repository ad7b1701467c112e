import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test as base, expect } from 'vitest';
import { startLocalRedis } from '../../src/dev/redis/local-server.ts';
import { serverBinary } from '../../src/dev/redis/start.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { Refusal } from '../../src/refusal.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/until.ts';
import { openWatched, type Watched } from './server/watched.ts';

interface TlsRedis {
  /** With the user `gate` of the ACL and the password `secret-password`. */
  url: string;
  /** PEM texts: the authority of the server and of its clients, and an unrelated one. */
  ca: string;
  otherCa: string;
  cert: string;
  key: string;
  /** Of a client, from the unrelated authority. */
  otherCert: string;
  otherKey: string;
}

/** Creates certificates: two authorities, and one each for the server and for clients. */
async function makeCertificates(directory: string): Promise<void> {
  const openssl = (...words: string[]) => promisify(execFile)('openssl', words, { cwd: directory });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  for (const name of ['ca', 'other-ca'])
    await openssl(
      'req',
      '-x509',
      ...ec,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
    );
  const issue = (name: string, ca: string, file = name) =>
    openssl(
      ...['req', '-x509', ...ec, '-subj', `/CN=${name}`],
      ...['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-addext', 'basicConstraints=critical,CA:FALSE'],
      ...[
        '-addext',
        'subjectAltName=IP:127.0.0.1,DNS:redis.internal',
        '-keyout',
        `${file}.key`,
        '-out',
        `${file}.pem`,
      ],
    );
  await issue('server', 'ca');
  await issue('client', 'ca');
  await issue('client', 'other-ca', 'other-client');
}

const test = base
  .extend('redis', { scope: 'file' }, async ({}, { onCleanup }): Promise<TlsRedis> => {
    const binary = await serverBinary(process.env);
    if (binary instanceof Refusal) throw new Error(binary.detail);
    const directory = await mkdtemp(join(tmpdir(), 'portcullis-tls-'));
    await makeCertificates(directory);
    const port = await freePort();
    const files = [
      '--tls-ca-cert-file',
      'ca.pem',
      '--tls-cert-file',
      'server.pem',
      '--tls-key-file',
      'server.key',
    ];
    const options = ['--tls-port', `${port}`, '--tls-auth-clients', 'yes', ...files];
    const server = await startLocalRedis({ binary, directory, persist: true, options });
    onCleanup(async () => {
      await server.stop();
      await rm(directory, { recursive: true });
    });
    const admin = new RedisLink({ url: server.url, deadlineMs: 900, log: createLog('cli', 'silent') });
    await admin.whenReady(30_000);
    await admin.run((client) => client.aclSetUser('gate', ['on', '>secret-password', '~*', '&*', '+@all']));
    admin.close();
    const pem = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
    return {
      url: `rediss://gate:secret-password@127.0.0.1:${port}`,
      ca: await pem('ca.pem'),
      otherCa: await pem('other-ca.pem'),
      cert: await pem('client.pem'),
      key: await pem('client.key'),
      otherCert: await pem('other-client.pem'),
      otherKey: await pem('other-client.key'),
    };
  })
  .extend('watch', ({}, { onCleanup }) => {
    const opened: Watched[] = [];
    onCleanup(() => {
      for (const { store } of opened) store.close();
    });
    return (...given: Parameters<typeof openWatched>): Watched => {
      const watched = openWatched(...given);
      opened.push(watched);
      return watched;
    };
  });

/** Asserts that there is no connection, why, and that nothing secret is said about it. */
async function expectTlsFault(watched: Watched, { key }: TlsRedis, message: string): Promise<void> {
  await until(() => watched.codes().includes('redis_tls_failed'));
  expect(watched.monitor.faults[0]?.message).toContain(message);
  expect(watched.store.ready).toBe(false);
  expect(watched.lines).toContainEqual(expect.objectContaining({ level: 50, event: 'redis_tls_failed' }));
  const said = JSON.stringify([watched.lines, watched.monitor.servers]);
  expect(said).not.toContain('secret-password');
  expect(said).not.toContain(key.split('\n')[1]);
}

test('with the authority and a client certificate, Redis is used by TLS as an ACL user', async ({
  redis,
  watch,
}) => {
  const { url, ca: redisTlsCa, cert: redisTlsCert, key: redisTlsKey } = redis;
  const { store, codes } = watch(url, { redisTlsCa, redisTlsCert, redisTlsKey });
  await store.whenReady(30_000);
  expect(codes()).toEqual([]);
  expect(await store.runFor('key', (client) => client.aclWhoAmI())).toBe('gate');
});

test('a name in the certificate other than the host is accepted with REDIS_TLS_SERVER_NAME', async ({
  redis,
  watch,
}) => {
  const { ca: redisTlsCa, cert: redisTlsCert, key: redisTlsKey } = redis;
  const tls = { redisTlsCa, redisTlsCert, redisTlsKey };
  const url = redis.url.replace('127.0.0.1', 'localhost');
  await expectTlsFault(watch(url, tls), redis, 'for another name');
  const { store } = watch(url, { ...tls, redisTlsServerName: 'redis.internal' });
  await store.whenReady(30_000);
});

test('without the authority, there is no connection, and the setting is named', async ({ redis, watch }) => {
  const { url, cert: redisTlsCert, key: redisTlsKey } = redis;
  await expectTlsFault(watch(url, { redisTlsCert, redisTlsKey }), redis, 'set REDIS_TLS_CA_FILE');
});

test('with another authority, there is no connection, and the setting is named', async ({ redis, watch }) => {
  const { url, otherCa: redisTlsCa, cert: redisTlsCert, key: redisTlsKey } = redis;
  await expectTlsFault(watch(url, { redisTlsCa, redisTlsCert, redisTlsKey }), redis, 'set REDIS_TLS_CA_FILE');
});

test('without a client certificate, there is no connection, and the settings are named', async ({
  redis,
  watch,
}) => {
  const { url, ca: redisTlsCa } = redis;
  await expectTlsFault(watch(url, { redisTlsCa }), redis, 'set REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE');
});

test('with a client certificate of another authority, there is no connection, and the setting is named', async ({
  redis,
  watch,
}) => {
  const { url, ca: redisTlsCa, otherCert: redisTlsCert, otherKey: redisTlsKey } = redis;
  await expectTlsFault(watch(url, { redisTlsCa, redisTlsCert, redisTlsKey }), redis, 'REDIS_TLS_CERT_FILE');
});
