import type { Hono } from 'hono';
import type { Arrival } from '../arrival.ts';
import { publish } from '../publication.ts';
import type { WebBuild } from '../web-build.ts';

/** One route for each file of the web app's build. */
export function routeWebApp(app: Hono<{ Bindings: Arrival }>, build: WebBuild): void {
  for (const [path, file] of build) app.get(path, publish(file));
}
