import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PageServer {
  /** Such as `http://127.0.0.1:41234`. */
  origin: string;
  close(): Promise<void>;
}

/** As strict as the gateway's policy. */
const POLICY = `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' http: ws:; require-trusted-types-for 'script'; trusted-types 'none'`;

const document = (body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A page</title></head>
<body><main><h1>A page</h1>${body}</main></body></html>`;

/**
 * Serves small pages under a strict Content-Security-Policy. The keys of `bodies` are the paths. A text is the body of a
 * page or, if the path ends in `.js`, a script; a function writes the response itself. Other paths are a 404.
 */
export async function servePages(
  bodies: Record<string, string | ((response: ServerResponse) => void)>,
): Promise<PageServer> {
  const server = createServer((request, response) => {
    // Full builds of Chromium ask for it, the headless shell does not.
    if (request.url === '/favicon.ico') return response.writeHead(204).end();
    const body = bodies[request.url ?? ''];
    if (typeof body === 'function') return body(response);
    if (body === undefined) return response.writeHead(404).end();
    const isScript = request.url?.endsWith('.js');
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.setHeader('content-security-policy', POLICY);
    response.end(isScript ? body : document(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
