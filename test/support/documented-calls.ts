import type { DocumentedOperation, FullResponse } from './documented-api.ts';
import { headOf, readFullResponse } from './documented-api.ts';
import { bearer } from './gateway.ts';

/** What a request to a documented operation has besides its method and path. */
export interface Call {
  /** The path parameters, percent-encoded. */
  path?: Record<string, string>;
  /** Without the `?`. */
  query?: string;
  token?: string | undefined;
  headers?: Record<string, string>;
  json?: unknown;
  form?: Record<string, string>;
}

/** Sends the request. The body of an event stream is not read. */
export async function callOperation(
  gatewayUrl: string,
  operation: DocumentedOperation,
  call: Call,
): Promise<FullResponse> {
  const response = await fetch(gatewayUrl + targetOf(operation, call), {
    method: operation.method.toUpperCase(),
    headers: {
      ...(call.token === undefined ? {} : bearer(call.token)),
      ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...call.headers,
    },
    ...bodyOf(call),
  });
  if (response.headers.get('content-type') !== 'text/event-stream') return readFullResponse(response);
  await response.body?.cancel();
  return { ...headOf(response), body: '…' };
}

/** The path with its parameters filled in, and the query. */
export function targetOf({ path }: DocumentedOperation, call: Call): string {
  const filled = path.replace(/{(\w+)}/g, (_, name: string) => call.path?.[name] ?? '');
  return call.query === undefined ? filled : `${filled}?${call.query}`;
}

function bodyOf({ json, form }: Call): { body?: string | URLSearchParams } {
  if (form !== undefined) return { body: new URLSearchParams(form) };
  return json === undefined ? {} : { body: JSON.stringify(json) };
}
