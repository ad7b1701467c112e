import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createServer, getCACertificates, type Server, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSignedCertificate } from '../../src/probe/attacker-keys.ts';
import { ATTACKS, describe as describeOutcome, runAttack } from '../../src/probe/battery.ts';
import { exchange } from '../../src/probe/exchange.ts';
import { prepareAttacks } from '../../src/probe/prepare.ts';
import { asBearer } from '../../src/probe/requests.ts';
import { startFlawedGateway } from '../security/flawed-gateway.ts';
import { PROCESS_ENV } from '../support/command-line.ts';
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

/** Runs `portcullis probe` with the password on standard input. */
async function probe(url: string, password = 'foobared'): Promise<Run> {
  const child = spawn(process.execPath, ['src/main.ts', 'probe', url, '--user', 'bob', '--password-stdin'], {
    env: PROCESS_ENV,
  });
  child.stdin.end(`${password}\n`);
  const exited = once(child, 'close');
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { exitCode: Number(exitCode), stdout, stderr };
}

describe('portcullis probe', () => {
  test('reports every attack on the gateway as rejected and prints neither the password nor a token', async () => {
    const { exitCode, stdout, stderr } = await probe(gateway.url);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^none-unsigned +a token .* 401 token_invalid ×21 +rejected$/m);
    expect(stdout).toMatch(/^logged-out +a logged-out token .* 401 token_revoked ×2 +rejected$/m);
    expect(stdout).toMatch(/^dpop-stolen +a bound token .* 401 token_binding_wrong ×2 +rejected$/m);
    expect(stdout).not.toContain('skipped');
    expect(stdout).toMatch(/^control +the unmodified token is accepted, after the attacks +200 ×2 +passed$/m);
    expect(stdout).toMatch(/^\d{3} attacks, 0 accepted$/m);
    expect(stdout + stderr).not.toMatch(/eyJ|foobared/);
    expect(exitCode).toBe(0);
  });

  test('leaves no failed login and no live session in Redis', async () => {
    expect((await gateway.redis.dump()).keys().toArray().join('\n')).not.toMatch(
      /^(?:throttle:username|active:)/m,
    );
  });

  test('names each accepted attack on a flawed gateway without DPoP, skips those on it, and exits with 1', async () => {
    const flawed = await startFlawedGateway({ verify: () => true });
    try {
      const { exitCode, stdout, stderr } = await probe(flawed.url);
      expect(stdout).toMatch(/^none-unsigned +a token .* 200 ×21 +ACCEPTED$/m);
      expect(stdout).toMatch(/^accepted: hmac-pem-spki \(Redis e-book ch\. 3, criticism 2; .*CVE-2015-9235/m);
      expect(stdout).toMatch(/^\d+ attacks skipped: the gateway does not offer DPoP$/m);
      expect(stdout).not.toMatch(/^dpop-/m);
      expect(stdout).toMatch(/^1 of 3 controls failed: the verdicts prove nothing$/m);
      expect(stdout + stderr).not.toMatch(/eyJ|foobared/);
      expect(exitCode).toBe(1);
    } finally {
      await flawed.close();
    }
  });

  test.each([
    ['a wrong password', () => probe(gateway.url, 'not-the-password'), /wrong username or password/],
    [
      'an address without a server',
      () => probe('http://127.0.0.1:9'),
      /no response from http:\/\/127\.0\.0\.1:9: connection failed \(ECONNREFUSED\)/,
    ],
    ['a server that is not a gateway', () => probe(bank.url), /portcullis: /],
    ['a URL with a path', () => probe(`${gateway.url}/x`), /<url> must be an http:\/\/ or https:\/\/ origin/],
    [
      'a URL with a password',
      () => probe('http://bob:hunter2@127.0.0.1'),
      /<url> must be an http:\/\/ or https:\/\/ origin/,
    ],
  ])('prints one line about %s and exits with 1', async (_what, run, message) => {
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
  let certificate: string;

  beforeAll(async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const der = selfSignedCertificate(privateKey, '127.0.0.1', Date.now()).toString('base64');
    certificate = `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`;
    const { port } = new URL(gateway.url);
    tls = createServer(
      { cert: certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) },
      (socket) => {
        const inner = connect(Number(port), '127.0.0.1');
        for (const end of [socket, inner]) end.on('error', () => {});
        socket.pipe(inner).pipe(socket);
        inner.on('close', () => socket.destroySoon());
        socket.on('close', () => inner.destroy());
      },
    );
    tls.on('tlsClientError', () => {});
    tls.listen(0, '127.0.0.1');
    await once(tls, 'listening');
    url = `https://127.0.0.1:${(tls.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => tls.close(resolve)));

  // TLS changes how a connection is opened, not what is sent: one attack for each stage is enough.
  test('attacks a gateway behind TLS', async ({ onTestFinished }) => {
    const trusted = getCACertificates();
    onTestFinished(() => setDefaultCACertificates(trusted));
    setDefaultCACertificates([...trusted, certificate]);
    const target = { origin: new URL(url) };
    const context = await prepareAttacks(target, { username: 'bob', password: 'foobared' });
    const { live } = context;
    expect(describeOutcome(await exchange(target, asBearer(context, live.text)))).toBe('200');
    const oneOfEachStage = new Map(ATTACKS.map((attack) => [attack.expect.stage, attack]));
    expect(oneOfEachStage.size).toBeGreaterThan(4);
    for (const attack of oneOfEachStage.values())
      expect([attack.id, (await runAttack(target, context, attack)).verdict]).toEqual([
        attack.id,
        'rejected',
      ]);
  });

  test('sends no password to a server with an untrusted certificate', async () => {
    const { exitCode, stderr } = await probe(url);
    expect(stderr).toMatch(/connection failed \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
    expect(exitCode).toBe(1);
  });
});
