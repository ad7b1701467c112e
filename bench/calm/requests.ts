/** The bytes of a request as a browser sends it. A body is JSON. */
export function requestBytes(line: string, headers: readonly string[] = [], body?: string): Buffer {
  const framing =
    body === undefined
      ? []
      : ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`];
  const head = [
    `${line} HTTP/1.1`,
    'host: bank.example',
    'accept: application/json',
    'accept-encoding: gzip, deflate, br',
    'accept-language: en',
    'user-agent: portcullis-bench',
    ...headers,
    ...framing,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body ?? ''}`);
}

export const bearer = (token: string): string => `authorization: Bearer ${token}`;

/** What the logged-in connections request. */
export const readAccounts = (accessToken: string): Buffer =>
  requestBytes('GET /bank/accounts', [bearer(accessToken)]);
