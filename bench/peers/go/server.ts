import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Contestant, type SharedSetup, Unavailable } from '../../contestant.ts';
import { environmentOf } from '../environment.ts';
import {
  areFiles,
  CACHE_DIRECTORY,
  findPackages,
  type NeededPackages,
  type PackageSource,
} from '../native/packages.ts';
import { freePort, startNative } from '../native/process.ts';

const run = promisify(execFile);

const BUILD_TIMEOUT_MS = 300_000;

interface Go {
  /** The directory with `bin/go`. */
  goroot: string;
  /** The directory with the libraries. */
  gopath: string;
}

const PACKAGES: NeededPackages<Go> = {
  id: 'go',
  packages: ['golang-go', 'golang-github-golang-jwt-jwt-dev', 'golang-github-gomodule-redigo-dev'],
  related: /^golang-/,
  async findIn(root) {
    const [binary] = globSync(join(root, 'usr/lib/go-*/bin/go')).sort().reverse();
    const gopath = join(root, 'usr/share/gocode');
    const libraries = ['golang-jwt/jwt', 'gomodule/redigo/redis'].map((name) =>
      join(gopath, 'src/github.com', name),
    );
    if (binary === undefined || !(await areFiles(libraries))) return undefined;
    return { goroot: dirname(dirname(binary)), gopath };
  },
};

/** A reverse proxy of Go's standard library, as in oauth2-proxy, Oathkeeper and KrakenD. */
export const goPeer = (source: PackageSource): Contestant => ({
  id: 'go',
  name: 'Go + golang-jwt + redigo',
  kind: 'peer',
  credential: 'token',
  description:
    'net/http/httputil.ReverseProxy: golang-jwt, one MGET by redigo, the role for the path, identity headers.',
  async start(shared, core) {
    const go = await findPackages(PACKAGES, source);
    if (go instanceof Unavailable) return go;
    const path = await build(go, shared);
    const port = await freePort();
    return await startNative(core, {
      name: 'go',
      path,
      args: [],
      env: { ...environmentOf(shared), PORT: `${port}`, GOMAXPROCS: '1' },
      port,
      directory: shared.directory,
    });
  },
});

/** Builds the program once for a run. Go's build cache makes this quick the next time. @returns its path */
async function build({ goroot, gopath }: Go, shared: SharedSetup): Promise<string> {
  const path = join(shared.directory, 'go-proxy');
  if (await areFiles([path])) return path;
  const cache = join(CACHE_DIRECTORY, 'go-build');
  await mkdir(cache, { recursive: true });
  const env = {
    ...process.env,
    GO111MODULE: 'off',
    GOROOT: goroot,
    GOPATH: gopath,
    GOCACHE: cache,
    GOFLAGS: '-buildvcs=false',
    CGO_ENABLED: '0',
  };
  const options = { cwd: import.meta.dirname, env, timeout: BUILD_TIMEOUT_MS };
  await run(join(goroot, 'bin/go'), ['build', '-o', path, '.'], options);
  return path;
}
