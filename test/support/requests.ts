import { bearer } from './gateway.ts';

export interface JsonResponse {
  status: number;
  body: Record<string, unknown>;
}

/** Sends a request with a token and reads the JSON response, if there is a body. */
export async function send(
  url: string,
  method: string,
  { token, body }: { token?: string; body?: unknown } = {},
): Promise<JsonResponse> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token === undefined ? {} : bearer(token)),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}
