import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { GatewaySettings } from '../../config/load.ts';
import type { Logger } from '../../log.ts';
import type { StaticAsset } from './asset.ts';

/** The files of the web app by the path at which they are served. All are in memory, so no request reads the disk. */
export type WebBuild = ReadonlyMap<string, StaticAsset>;

/** The output directory of `vite build`. */
export const WEB_BUILD_DIRECTORY = join(import.meta.dirname, '../../../dist/web');

const MEDIA_TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
};

/** Files with a digest in their name never change, so browsers may cache them indefinitely. */
const HASHED_NAME = /^[\w.-]+-[\w-]{8}\.[a-z0-9]+$/;

/** Only the site's own files. Without a Trusted Types policy, no text can become script. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const REVALIDATE = 'no-cache';
const IMMUTABLE = 'public, max-age=31536000, immutable';

/** Loads the web app, unless it is turned off or has not been built. The API works without it. */
export async function openWebApp(
  { webApp }: Pick<GatewaySettings, 'webApp'>,
  log: Logger,
  directory = WEB_BUILD_DIRECTORY,
): Promise<WebBuild | undefined> {
  if (webApp === 'off') return undefined;
  const build = await readWebBuild(directory);
  if (build === undefined)
    log.warn({ event: 'web_app_missing' }, 'the web app is not served: build it with `npm run build`');
  return build;
}

/** Reads the whole build into memory. Returns undefined if there is none. */
export async function readWebBuild(directory: string): Promise<WebBuild | undefined> {
  const page = await unlessMissing(readFile(join(directory, 'index.html')));
  if (page === undefined) return undefined;
  const build = new Map([['/', assetOf(page, 'text/html; charset=utf-8', REVALIDATE)]]);
  for (const name of (await unlessMissing(readdir(join(directory, 'assets')))) ?? []) {
    const mediaType = MEDIA_TYPES[extname(name)];
    if (mediaType === undefined || !HASHED_NAME.test(name)) continue;
    const body = await readFile(join(directory, 'assets', name));
    build.set(`/assets/${name}`, assetOf(body, mediaType, IMMUTABLE));
  }
  return build;
}

const assetOf = (body: Buffer, mediaType: string, cacheControl: string): StaticAsset => ({
  body,
  mediaType,
  cacheControl,
  contentSecurityPolicy: CONTENT_SECURITY_POLICY,
});

async function unlessMissing<Found>(reading: Promise<Found>): Promise<Found | undefined> {
  try {
    return await reading;
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
}
