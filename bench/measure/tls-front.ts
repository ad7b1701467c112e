import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type RunningServer, Unavailable } from '../contestant.ts';
import { HAPROXY_PACKAGES } from '../peers/haproxy/server.ts';
import { findPackages, packageSource } from '../peers/native/packages.ts';
import { freePort, startNative } from '../peers/native/process.ts';
import { SERVER_CORE } from '../setup/cores.ts';

const CONFIGURATION = join(import.meta.dirname, 'tls-front.cfg');

/**
 * Starts HAProxy in front of a server, on its core: it terminates TLS, which the gateway leaves to a proxy or load balancer.
 * The CPU time of both is counted. Stopping it leaves the server running.
 */
export async function startTlsFront(
  server: RunningServer,
  parent: string,
): Promise<RunningServer | Unavailable> {
  const haproxy = await findPackages(HAPROXY_PACKAGES, packageSource(process.env));
  if (haproxy instanceof Unavailable) return haproxy;
  const directory = await mkdtemp(join(parent, 'tls-'));
  const certificate = await makeCertificate(directory);
  if (certificate instanceof Unavailable) return certificate;
  const port = await freePort();
  const words: Record<string, string> = {
    PORT: `${port}`,
    CERTIFICATE: certificate,
    SERVER: new URL(server.url).host,
  };
  const template = await readFile(CONFIGURATION, 'utf8');
  const file = join(directory, 'haproxy.cfg');
  await writeFile(
    file,
    template.replace(/@([A-Z]+)@/g, (_, word: string) => words[word] ?? ''),
  );
  const front = await startNative(SERVER_CORE, {
    name: 'tls-front',
    path: haproxy.binary,
    args: ['-db', '-f', file],
    env: haproxy.env,
    port,
    directory,
  });
  const pids = [...server.pids, ...front.pids];
  return { url: `https://127.0.0.1:${port}`, pids, stop: front.stop };
}

/** A self-signed certificate with its key in one file, as HAProxy reads them. @returns its path */
async function makeCertificate(directory: string): Promise<string | Unavailable> {
  const [key, pem] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const args = ['req', '-x509', ...ec, '-subj', '/CN=bank.example', '-keyout', key, '-out', pem];
  try {
    await promisify(execFile)('openssl', args);
  } catch (fault) {
    return new Unavailable(`openssl made no certificate: ${fault instanceof Error ? fault.message : fault}`);
  }
  const file = join(directory, 'both.pem');
  await writeFile(file, `${await readFile(pem, 'utf8')}${await readFile(key, 'utf8')}`, { mode: 0o600 });
  return file;
}
