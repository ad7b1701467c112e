import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSignedCertificate } from '../../src/probe/self-signed.ts';
import { startFlawedGateway } from '../security/flawed-gateway.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let gateway: TestGateway;
let bank: Upstream;
beforeAll(async () => {
  bank = await startUpstream();
  gateway = await startTestGateway({ BANK_URL: bank.url });
});
afterAll(async () => {
  await gateway.close();
  await bank.close();
});

interface Run {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs `portcullis probe` as a user would, with the password on standard input. */
async function probe(url: string, password = 'foobared', env: Record<string, string> = {}): Promise<Run> {
  const child = spawn(process.execPath, ['src/main.ts', 'probe', url, '--user', 'bob', '--password-stdin'], {
    env: { PATH: process.env.PATH, ...env },
  });
  child.stdin.end(`${password}\n`);
  const exited = once(child, 'close');
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { exitCode: Number(exitCode), stdout, stderr };
}

describe('portcullis probe', () => {
  test('finds no hole in the gateway, prints a line for each attack and neither the password nor a token', async () => {
    const { exitCode, stdout, stderr } = await probe(gateway.url);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^none-unsigned +a token .* 401 token_invalid ×21 +refused$/m);
    expect(stdout).toMatch(/^logged-out +a token .* 401 token_revoked ×2 +refused$/m);
    expect(stdout).toMatch(/^control +the untampered token gets in, after the attacks +200 ×2 +holds$/m);
    expect(stdout).toMatch(/^\d{3} cases, 0 got in$/m);
    expect(stdout + stderr).not.toMatch(/eyJ|foobared/);
    expect(exitCode).toBe(0);
  });

  test('leaves neither a failed log-in nor a live session behind', async () => {
    expect((await gateway.redis.dump()).keys().toArray().join('\n')).not.toMatch(
      /^(throttle:username|sess:)/m,
    );
  });

  test('names every hole of a gateway that has some, and exits with 1', async () => {
    const flawed = await startFlawedGateway({ admits: () => true });
    try {
      const { exitCode, stdout, stderr } = await probe(flawed.url);
      expect(stdout).toMatch(/^none-unsigned +a token .* 200 ×21 +GOT IN$/m);
      expect(stdout).toMatch(/^got in: hmac-pem-spki \(e-book ch\. 3, complaint 2; .*CVE-2015-9235/m);
      expect(stdout).toMatch(/^1 of 3 controls failed: the verdicts prove nothing$/m);
      expect(stdout + stderr).not.toMatch(/eyJ|foobared/);
      expect(exitCode).toBe(1);
    } finally {
      await flawed.close();
    }
  });

  test.each([
    [
      'a wrong password',
      () => probe(gateway.url, 'not-the-password'),
      /the user name or the password is wrong/,
    ],
    [
      'nobody at that address',
      () => probe('http://127.0.0.1:9'),
      /no answer from http:\/\/127\.0\.0\.1:9: not reached \(ECONNREFUSED\)/,
    ],
    ['a server that is no gateway', () => probe(bank.url), /portcullis: /],
    ['an address with a path', () => probe(`${gateway.url}/x`), /wants an http:\/\/ or https:\/\/ address/],
    [
      'an address with a password',
      () => probe('http://bob:hunter2@127.0.0.1'),
      /wants an http:\/\/ or https:\/\/ address/,
    ],
  ])('says in one line what is wrong with %s, and exits with 1', async (_what, run, message) => {
    const { exitCode, stdout, stderr } = await run();
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^portcullis: [^\n]+\n$/);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(/foobared|not-the-password|hunter2/);
    expect(exitCode).toBe(1);
  });
});

describe('portcullis probe over https', () => {
  let tls: Server;
  let url: string;
  let directory: string;
  let certificatePath: string;

  beforeAll(async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const der = selfSignedCertificate(privateKey, '127.0.0.1', Date.now()).toString('base64');
    const cert = `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`;
    directory = await mkdtemp(join(tmpdir(), 'portcullis-tls-'));
    certificatePath = join(directory, 'certificate.pem');
    await writeFile(certificatePath, cert);
    const { port } = new URL(gateway.url);
    tls = createServer({ cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) }, (socket) => {
      const inner = connect(Number(port), '127.0.0.1');
      for (const end of [socket, inner]) end.on('error', () => {});
      socket.pipe(inner).pipe(socket);
      inner.on('close', () => socket.destroySoon());
      socket.on('close', () => inner.destroy());
    });
    tls.on('tlsClientError', () => {});
    tls.listen(0, '127.0.0.1');
    await once(tls, 'listening');
    url = `https://127.0.0.1:${(tls.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await new Promise((resolve) => tls.close(resolve));
    await rm(directory, { recursive: true, force: true });
  });

  test('attacks a gateway behind TLS all the same', async () => {
    const { exitCode, stdout } = await probe(url, 'foobared', { NODE_EXTRA_CA_CERTS: certificatePath });
    expect(stdout).toMatch(/^\d{3} cases, 0 got in$/m);
    expect(exitCode).toBe(0);
  });

  test('sends no password to a server whose certificate is not to be trusted', async () => {
    const { exitCode, stderr } = await probe(url);
    expect(stderr).toMatch(/not reached \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
    expect(exitCode).toBe(1);
  });
});
