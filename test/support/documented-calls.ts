import type { DocumentedOperation, WholeAnswer } from './documented-api.ts';
import { headOf, wholeAnswer } from './documented-api.ts';
import { bearer } from './gateway.ts';

/** What one request to a documented operation has besides its method and its path. */
export interface Call {
  /** For the `{name}`s of the path, percent-encoded by whoever gives them. */
  path?: Record<string, string>;
  /** Without the `?`. */
  query?: string;
  token?: string | undefined;
  headers?: Record<string, string>;
  json?: unknown;
  form?: Record<string, string>;
}

/** Sends it. Of an event stream no more than the beginning is read. */
export async function callOperation(
  gatewayUrl: string,
  operation: DocumentedOperation,
  call: Call,
): Promise<WholeAnswer> {
  const answer = await fetch(gatewayUrl + targetOf(operation, call), {
    method: operation.method.toUpperCase(),
    headers: {
      ...(call.token === undefined ? {} : bearer(call.token)),
      ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...call.headers,
    },
    ...bodyOf(call),
  });
  if (answer.headers.get('content-type') !== 'text/event-stream') return wholeAnswer(answer);
  await answer.body?.cancel();
  return { ...headOf(answer), body: '…' };
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
