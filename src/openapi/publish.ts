import { createHash } from 'node:crypto';
import type { GatewaySettings } from '../config/load.ts';
import type { ApiDescription } from '../gateway/routes/static.ts';
import type { StaticAsset } from '../gateway/static/asset.ts';
import { DENY_ALL_CSP } from '../http/problem.ts';
import { describeApi } from './api.ts';
import { docsPage } from './page/page.ts';
import { STYLE } from './page/style.ts';

/** Cached for a short time, then revalidated. */
const CACHE_CONTROL = 'public, max-age=300';

/** The API description as static assets of the gateway. */
export async function publishedDescription(
  settings: Pick<GatewaySettings, 'issuer' | 'policyFile'>,
): Promise<ApiDescription> {
  const document = describeApi(settings);
  return {
    openapi: text(JSON.stringify(document), 'application/json', DENY_ALL_CSP),
    docs: text(
      await docsPage(document),
      'text/html; charset=utf-8',
      `${DENY_ALL_CSP}; style-src 'sha256-${sha256(STYLE)}'`,
    ),
  };
}

const text = (body: string, mediaType: string, contentSecurityPolicy: string): StaticAsset => ({
  body,
  mediaType,
  cacheControl: CACHE_CONTROL,
  contentSecurityPolicy,
});

const sha256 = (content: string): string => createHash('sha256').update(content).digest('base64');
