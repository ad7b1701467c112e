import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { libraryPathOf, unpackDebianPackages } from '../../src/dev/debian/packages.ts';
import { Refusal } from '../../src/refusal.ts';
import { freePort } from './ports.ts';
import { until } from './until.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples/client-certificates');
const CACHE = join(import.meta.dirname, '../../.cache');
const APT_TIMEOUT_MS = 60_000;

/** A proxy of `examples/client-certificates`: its configuration file, and how it is started in the current directory. */
export const TLS_PROXIES = {
  nginx: { file: 'nginx.conf', words: ['-e', 'stderr', '-p', '.', '-c', 'nginx.conf', '-g', 'daemon off;'] },
  haproxy: { file: 'haproxy.cfg', words: ['-db', '-f', 'haproxy.cfg'] },
} as const;
export type TlsProxyName = keyof typeof TLS_PROXIES;

/** A program, and what it needs in its environment. */
interface Program {
  path: string;
  env: Record<string, string>;
}

/**
 * The program on the `PATH`, or from the package of Debian, which is downloaded once and unpacked without root.
 * Otherwise the reason why it cannot be had.
 */
export async function proxyProgram(name: TlsProxyName): Promise<Program | { missing: string }> {
  for (const directory of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    const path = join(directory, name);
    if (await exists(path)) return { path, env: {} };
  }
  const found = await unpackDebianPackages({
    cacheDirectory: join(CACHE, name),
    alternatives: [[name]],
    ignoreInstalled: new RegExp(name),
    timeoutMs: APT_TIMEOUT_MS,
    findIn: async (root) => {
      const path = join(root, 'usr/sbin', name);
      const env = await libraryPathOf(root);
      return (await exists(path)) ? { path, env } : new Refusal('package_unusable', `no ${name} in it`);
    },
  });
  return found instanceof Refusal ? { missing: found.detail ?? found.reason } : found;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A client certificate with its private key, in PEM. */
export interface ClientCertificate {
  cert: string;
  key: string;
}

export interface TrialCertificates {
  /** Where `make-certificates.sh` has made them. */
  directory: string;
  /** In PEM. */
  authority: string;
  client: ClientCertificate;
  other: ClientCertificate;
  /** `x5t#S256` of the certificate of `client` (RFC 8705, section 3.1), by OpenSSL alone. */
  thumbprint: string;
  /** The same certificate as each format of `Client-Cert`. */
  header: { rfc9440: string; 'pem-escaped': string };
  remove(): Promise<void>;
}

/** Makes the certificates of the example, by its script. */
export async function makeTrialCertificates(): Promise<TrialCertificates> {
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-tls-'));
  const run = (...[program = '', ...words]: string[]) =>
    promisify(execFile)(program, words, { cwd: directory, encoding: 'buffer' });
  await run('sh', join(EXAMPLES, 'make-certificates.sh'));
  await run('openssl', 'x509', '-in', 'client.crt', '-outform', 'der', '-out', 'client.der');
  const digest = await run('openssl', 'dgst', '-sha256', '-binary', 'client.der');
  const der = await readFile(join(directory, 'client.der'));
  const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
  const clientNamed = async (name: string) => ({
    cert: await read(`${name}.crt`),
    key: await read(`${name}.key`),
  });
  const client = await clientNamed('client');
  return {
    directory,
    authority: await read('ca.pem'),
    client,
    other: await clientNamed('other'),
    thumbprint: digest.stdout.toString('base64url'),
    header: { rfc9440: `:${der.toString('base64')}:`, 'pem-escaped': encodeURIComponent(client.cert) },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

export interface RunningTlsProxy {
  port: number;
  stop(): Promise<void>;
}

/** Starts a proxy with its file of the example, in which nothing is changed but the port of each address. */
export async function startTlsProxy(
  name: TlsProxyName,
  { path, env }: Program,
  { directory }: TrialCertificates,
  gatewayUrl: string,
): Promise<RunningTlsProxy> {
  const { file, words } = TLS_PROXIES[name];
  const port = await freePort();
  const example = await readFile(join(EXAMPLES, file), 'utf8');
  const configuration = example
    .replace('127.0.0.1:8443', `127.0.0.1:${port}`)
    .replace('127.0.0.1:8080', new URL(gatewayUrl).host);
  await writeFile(join(directory, file), configuration);
  const options = { cwd: directory, env: { ...process.env, ...env } };
  const child = spawn(path, words, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  let printed = '';
  child.stderr.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  await until(() => {
    if (child.exitCode !== null) throw new Error(`${name} did not start: ${printed}`);
    return accepts(port);
  });
  return { port, stop: () => stop(child) };
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
