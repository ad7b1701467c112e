import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { libraryPathOf } from '../../../src/dev/debian/packages.ts';
import { type Contestant, Unavailable } from '../../contestant.ts';
import { areFiles, findPackages, type NeededPackages, type PackageSource } from '../native/packages.ts';
import { freePort, startNative } from '../native/process.ts';

interface Haproxy {
  binary: string;
  env: Readonly<Record<string, string>>;
}

/** Also used to terminate TLS in front of a contestant. */
export const HAPROXY_PACKAGES: NeededPackages<Haproxy> = {
  id: 'haproxy',
  packages: ['haproxy'],
  related: /^(?:haproxy|liblua|libopentracing)/,
  async findIn(root) {
    const binary = join(root, 'usr/sbin/haproxy');
    if (!(await areFiles([binary]))) return undefined;
    return { binary, env: root === '/' ? {} : await libraryPathOf(root) };
  },
};

/** HAProxy as a proxy in C that checks nothing. */
export const haproxyLimit = (source: PackageSource): Contestant => ({
  id: 'haproxy',
  name: 'HAProxy, no check',
  kind: 'limit',
  credential: 'none',
  description: 'HAProxy with one thread. It forwards and checks nothing.',
  async start(shared, core) {
    const haproxy = await findPackages(HAPROXY_PACKAGES, source);
    if (haproxy instanceof Unavailable) return haproxy;
    const port = await freePort();
    const directory = await mkdtemp(join(shared.directory, 'haproxy-'));
    const words: Record<string, string> = { PORT: `${port}`, UPSTREAM: new URL(shared.upstreamUrl).host };
    const template = await readFile(join(import.meta.dirname, 'haproxy.cfg'), 'utf8');
    const file = join(directory, 'haproxy.cfg');
    await writeFile(
      file,
      template.replace(/@([A-Z_]+)@/g, (_, word: string) => words[word] ?? ''),
    );
    const args = ['-db', '-f', file];
    return await startNative(core, {
      name: 'haproxy',
      path: haproxy.binary,
      args,
      env: haproxy.env,
      port,
      directory,
    });
  },
});
