import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { libraryPathOf } from '../../../src/dev/debian/packages.ts';
import { type Contestant, type SharedSetup, Unavailable } from '../../contestant.ts';
import { environmentOf } from '../environment.ts';
import {
  areFiles,
  findPackages,
  LIBRARY_DIRECTORY,
  type NeededPackages,
  type PackageSource,
} from '../native/packages.ts';
import { freePort, startNative } from '../native/process.ts';

interface Nginx {
  binary: string;
  modules: readonly string[];
  luaPath: string;
  luaLibraryPath: string;
  env: Readonly<Record<string, string>>;
}

const SHARED_LUA = 'usr/share/lua/5.1';
const NATIVE_LUA = `${LIBRARY_DIRECTORY}/lua/5.1`;

const PACKAGES: NeededPackages<Nginx> = {
  id: 'nginx',
  packages: ['nginx-light', 'libnginx-mod-http-lua', 'lua-nginx-redis', 'lua-cjson'],
  related: /^(?:nginx|libnginx-mod-|lua|libluajit)/,
  async findIn(root) {
    const binary = join(root, 'usr/sbin/nginx');
    const modules = ['ndk_http_module.so', 'ngx_http_lua_module.so'].map((name) =>
      join(root, 'usr/lib/nginx/modules', name),
    );
    const lua = ['resty/core.lua', 'resty/lrucache.lua', 'ngx/base64.lua', 'nginx/redis.lua'];
    const files = lua.map((name) => join(root, SHARED_LUA, name));
    if (!(await areFiles([binary, ...modules, ...files, join(root, NATIVE_LUA, 'cjson.so')])))
      return undefined;
    const luaPath = [join(import.meta.dirname, '?.lua'), join(root, SHARED_LUA, '?.lua')].join(';');
    const luaLibraryPath = join(root, NATIVE_LUA, '?.so');
    const env = root === '/' ? {} : await libraryPathOf(root);
    return { binary, modules, luaPath, luaLibraryPath, env };
  },
};

/** nginx with Lua, as in Kong and APISIX. */
export const nginxPeer = (source: PackageSource): Contestant => ({
  id: 'nginx',
  name: 'nginx + Lua + Redis',
  kind: 'peer',
  credential: 'token',
  description:
    'One nginx worker with Lua: PS256 by libcrypto, claims, one MGET, the role for the path, identity headers.',
  async start(shared, core) {
    const nginx = await findPackages(PACKAGES, source);
    if (nginx instanceof Unavailable) return nginx;
    const port = await freePort();
    const directory = await mkdtemp(join(shared.directory, 'nginx-'));
    await mkdir(join(directory, 'temp'));
    const file = join(directory, 'nginx.conf');
    await writeFile(file, await configuration(nginx, shared, port, core));
    return await startNative(core, {
      name: 'nginx',
      path: nginx.binary,
      args: ['-p', directory, '-c', file],
      env: { ...environmentOf(shared), ...nginx.env },
      port,
      directory,
    });
  },
});

/** `nginx.conf` with its `@WORDS@` replaced. */
async function configuration(nginx: Nginx, shared: SharedSetup, port: number, core: number): Promise<string> {
  const words: Record<string, string> = {
    MODULES: nginx.modules.map((path) => `load_module ${path};`).join('\n'),
    // The worker would change to another user, who cannot open the socket of Redis.
    USER: process.getuid?.() === 0 ? 'user root;' : '',
    CPU_MASK: (1n << BigInt(core)).toString(2),
    LUA_PATH: nginx.luaPath,
    LUA_LIBRARY_PATH: nginx.luaLibraryPath,
    UPSTREAM: new URL(shared.upstreamUrl).host,
    PORT: `${port}`,
  };
  const template = await readFile(join(import.meta.dirname, 'nginx.conf'), 'utf8');
  return template.replace(/@([A-Z_]+)@/g, (_, word: string) => words[word] ?? '');
}
