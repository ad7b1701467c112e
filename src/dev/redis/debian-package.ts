import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../../refusal.ts';
import { libraryPathOf, type NoDebianPackage, unpackDebianPackages } from '../debian/packages.ts';
import { faultOf, type ServerBinary } from './server-binary.ts';

const PACKAGES = ['redis-server', 'valkey-server'];
const APT_TIMEOUT_MS = 120_000;

/**
 * The Redis package of the distribution, unpacked below `cacheDirectory`, without root. Packages that are installed are
 * downloaded as well, because each of them can hold the server: on Debian it is in `redis-tools`.
 *
 * @param onUnpack called before packages are fetched, which takes seconds
 */
export const serverFromDebianPackage = (
  cacheDirectory: string,
  onUnpack: () => void = () => {},
): Promise<ServerBinary | NoDebianPackage> =>
  unpackDebianPackages({
    cacheDirectory,
    alternatives: PACKAGES.map((name) => [name]),
    ignoreInstalled: /^(?:redis|valkey)\b/,
    timeoutMs: APT_TIMEOUT_MS,
    findIn: serverIn,
    onUnpack,
  });

/** The server in an unpacked tree. */
async function serverIn(root: string): Promise<ServerBinary | NoDebianPackage> {
  const env = await libraryPathOf(root);
  for (const name of PACKAGES) {
    const path = join(root, 'usr/bin', name);
    if ((await stat(path).catch(() => undefined)) === undefined) continue;
    const fault = await faultOf({ path, env });
    return fault === undefined ? { path, env } : new Refusal('package_unusable', `${name} ${fault}`);
  }
  return new Refusal('package_unusable', 'the package holds no server');
}
