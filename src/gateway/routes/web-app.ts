import type { Hono } from 'hono';
import type { Arrival } from '../request-context.ts';
import { publish } from '../static/asset.ts';
import type { WebBuild } from '../static/web-build.ts';

/** One route for each file of the web app's build. */
export function routeWebApp(app: Hono<{ Bindings: Arrival }>, build: WebBuild): void {
  for (const [path, file] of build) app.get(path, publish(file));
}
