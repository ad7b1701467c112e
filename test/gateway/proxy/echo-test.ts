import { createHash } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { gatewayTest } from '../../support/fixtures.ts';
import { bearer } from '../../support/gateway.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';

export const MIB = 1024 * 1024;
export const BODY_MAX_BYTES = 4 * MIB;
export const TRANSFERS = '/bank/accounts/1/transfers';

/** A `test` with an upstream that sends each body back, and requests with bob's token: whole, or line by line. */
export const test = gatewayTest({ BANK_CONNECTIONS_MAX: '8', BODY_MAX_BYTES: `${BODY_MAX_BYTES}` })
  .extend(
    'post',
    ({ gateway, token }) =>
      (body: NonNullable<RequestInit['body']>): Promise<Response> =>
        fetch(gateway.url + TRANSFERS, { method: 'POST', body, headers: bearer(token), duplex: 'half' }),
  )
  .extend(
    'open',
    ({ gateway, token }) =>
      (requestLine: string, ...lines: string[]): RawConnection =>
        new RawConnection(gateway.url).send(
          rawRequest(requestLine, `Authorization: Bearer ${token}`, ...lines),
        ),
  );

export const echo: RequestListener = (incoming, outgoing) => {
  incoming.on('error', () => {});
  incoming.pipe(outgoing);
};

export const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const chunkedOf = (bytes: Uint8Array): ReadableStream => new Blob([Uint8Array.from(bytes)]).stream();
