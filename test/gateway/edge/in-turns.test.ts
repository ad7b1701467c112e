import { describe, expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';
import { until } from '../../support/until.ts';

const test = gatewayTest();

const FLOOD_CONNECTIONS = 60;
const REQUESTS_PER_CONNECTION = 8;

const statusesIn = (received: string): string[] => received.match(/HTTP\/1\.1 \d{3}/g) ?? [];

/** Sends many requests at once that are not granted. */
function startFlood(url: string, request: string): RawConnection[] {
  const connections = Array.from({ length: FLOOD_CONNECTIONS }, () => new RawConnection(url));
  for (const connection of connections) connection.send(request.repeat(REQUESTS_PER_CONNECTION));
  return connections;
}

/** How many requests of a flood have a response. */
const answeredOf = (flood: readonly RawConnection[]): number =>
  flood.reduce((sum, { rest }) => sum + statusesIn(rest).length, 0);

const FLOOD_REQUESTS = FLOOD_CONNECTIONS * REQUESTS_PER_CONNECTION;

describe('while a flood is being answered,', () => {
  test.for([
    ['tokens that are not valid', rawRequest('GET /bank/accounts', 'Authorization: Bearer a.b.c')],
    ['refresh tokens that are not valid', rawRequest('POST /auth/refresh', 'Content-Length: 0')],
  ] as const)(
    'of %s, a request on a connection whose latest one was granted does not wait for it',
    async ([, floodRequest], { gateway, token, upstream }) => {
      const request = rawRequest('GET /bank/accounts', `Authorization: Bearer ${token}`);
      const calm = new RawConnection(gateway.url).send(request);
      await until(() => statusesIn(calm.rest).length === 1);
      const seen = upstream.count;

      const flood = startFlood(gateway.url, floodRequest);
      flood[0]?.socket.once('data', () => void calm.send(request));
      let answeredBefore = FLOOD_REQUESTS;
      upstream.respondWith((_incoming, outgoing) => {
        answeredBefore = answeredOf(flood);
        outgoing.end('{}');
      });
      await until(() => answeredOf(flood) === FLOOD_REQUESTS);

      expect(statusesIn(calm.rest)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
      expect(answeredBefore).toBeLessThan(FLOOD_REQUESTS / 4);
      expect(upstream.count).toBe(seen + 1);
      for (const connection of [calm, ...flood]) connection.destroy();
    },
  );
});
