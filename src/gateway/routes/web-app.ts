import type { Hono } from 'hono';
import type { RequestContext } from '../request-context.ts';
import { serveAsset } from '../static/asset.ts';
import type { WebBuild } from '../static/web-build.ts';

/** One route for each file of the web app's build. */
export function routeWebApp(app: Hono<{ Bindings: RequestContext }>, build: WebBuild): void {
  for (const [path, file] of build) app.get(path, serveAsset(file));
}
