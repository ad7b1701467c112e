import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { GatewaySettings } from '../../config/load.ts';
import type { Logger } from '../../log.ts';
import type { StaticAsset } from './asset.ts';

/** The built web app by the paths at which it is served. There is nothing else, so no request reaches the disk. */
export type WebBuild = ReadonlyMap<string, StaticAsset>;

/** Where `vite build` puts it. */
export const WEB_BUILD_DIRECTORY = join(import.meta.dirname, '../../../dist/web');

const MEDIA_TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
};

/** The digest in a name is what allows to keep the file for good. */
const HASHED_NAME = /^[\w.-]+-[\w-]{8}\.[a-z0-9]+$/;

/** Only files of its own, and no way from a text to a script: there is no policy that would make one (Trusted Types). */
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

const ASKED_FOR_EACH_TIME = 'no-cache';
const KEPT_FOR_GOOD = 'public, max-age=31536000, immutable';

/** The web app, unless it is not wanted or has not been built, which is no reason to let nobody in by other ways. */
export async function openWebApp(
  { webApp }: Pick<GatewaySettings, 'webApp'>,
  log: Logger,
  directory = WEB_BUILD_DIRECTORY,
): Promise<WebBuild | undefined> {
  if (webApp === 'off') return undefined;
  const build = await readWebBuild(directory);
  if (build === undefined)
    log.warn({ event: 'web_app_missing' }, 'there is no web app at /: `npm run build` makes it');
  return build;
}

/** Reads the whole build into memory, or gives undefined where there is none. */
export async function readWebBuild(directory: string): Promise<WebBuild | undefined> {
  const page = await unlessMissing(readFile(join(directory, 'index.html')));
  if (page === undefined) return undefined;
  const build = new Map([['/', part(page, 'text/html; charset=utf-8', ASKED_FOR_EACH_TIME)]]);
  for (const name of (await unlessMissing(readdir(join(directory, 'assets')))) ?? []) {
    const mediaType = MEDIA_TYPES[extname(name)];
    if (mediaType === undefined || !HASHED_NAME.test(name)) continue;
    const body = await readFile(join(directory, 'assets', name));
    build.set(`/assets/${name}`, part(body, mediaType, KEPT_FOR_GOOD));
  }
  return build;
}

const part = (body: Buffer, mediaType: string, cacheControl: string): StaticAsset => ({
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
