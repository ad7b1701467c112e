import { randomBytes } from 'node:crypto';
import type { ClientConnection, HttpResponse } from './client-connection.ts';
import type { FloodPlan, FloodSession } from './messages.ts';
import { bearer, readAccounts, requestBytes } from './requests.ts';
import type { Flood } from './scenarios.ts';

const MIB = 1024 * 1024;

/** Sends the next request of one connection of a flood, and returns the response. */
type Attack = () => Promise<HttpResponse>;

/** What is special to one connection. */
interface Attacker {
  connection: ClientConnection;
  plan: FloodPlan;
  /** The position of the connection among all. */
  index: number;
}

/** The items that belong to one of all connections, forever in turn. */
function* turns<Item>(items: readonly Item[], { plan, index }: Attacker): Generator<Item, never> {
  const own = items.filter((_, n) => n % plan.connections === index % items.length);
  for (;;) yield* own;
}

/** Correct logins of many users, which are the most expensive ones. */
function logins(attacker: Attacker): Attack {
  const { plan, connection } = attacker;
  const usernames = turns(plan.usernames, attacker);
  return () => {
    const body = JSON.stringify({ username: usernames.next().value, password: plan.password });
    return connection.request(requestBytes('POST /auth/login', [], body));
  };
}

/** Access tokens with genuine claims and a random signature, a different one each time. */
function badSignatures(attacker: Attacker): Attack {
  const sessions = turns(attacker.plan.sessions, attacker);
  return () => {
    const [header, claims, signature = ''] = sessions.next().value.accessToken.split('.');
    const random = randomBytes(Buffer.from(signature, 'base64url').length);
    // A number that is larger than the modulus of the key would be rejected without any work.
    random[0] = 0;
    return attacker.connection.request(readAccounts(`${header}.${claims}.${random.toString('base64url')}`));
  };
}

/** Refreshes of many sessions, each with its latest refresh token. */
function refreshes(attacker: Attacker): Attack {
  const sessions = turns(attacker.plan.sessions, attacker);
  return async () => {
    const session: FloodSession = sessions.next().value;
    const body = JSON.stringify({ refresh_token: session.refreshToken });
    const response = await attacker.connection.request(requestBytes('POST /auth/refresh', [], body));
    if (response.status === 200)
      session.refreshToken = (
        JSON.parse(response.body.toString()) as { refresh_token: string }
      ).refresh_token;
    return response;
  };
}

/** A single header of 1 MiB, and as many bytes of short headers, in turn. */
function largeHeaders({ connection }: Attacker): Attack {
  const one = requestBytes('GET /bank/accounts', [`x-large: ${'x'.repeat(MIB)}`]);
  const line = 'x-short: 0123456789';
  const many = requestBytes(
    'GET /bank/accounts',
    Array.from({ length: MIB / (line.length + 2) }, () => line),
  );
  let sent = 0;
  return () => {
    sent += 1;
    return connection.request(sent % 2 === 0 ? one : many);
  };
}

/** Bodies of 1 MiB to the gateway's own route, with and without their length, and to the upstream as a transfer. */
function largeBodies(attacker: Attacker): Attack {
  const text = JSON.stringify({ username: 'x'.repeat(MIB), password: 'x' });
  const chunked = Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`);
  const head = requestBytes('POST /auth/login', [
    'content-type: application/json',
    'transfer-encoding: chunked',
  ]);
  const requests = [requestBytes('POST /auth/login', [], text), Buffer.concat([head, chunked])];
  const sessions = turns(attacker.plan.sessions, attacker);
  let sent = 0;
  return () => {
    sent += 1;
    const token = bearer(sessions.next().value.accessToken);
    const upload = (): Buffer => requestBytes('POST /bank/accounts/1/transfers', [token], text);
    return attacker.connection.request(requests[sent % (requests.length + 1)] ?? upload());
  };
}

export const FLOODS: Readonly<Record<Flood, (attacker: Attacker) => Attack>> = {
  logins,
  'bad-signatures': badSignatures,
  refreshes,
  'large-headers': largeHeaders,
  'large-bodies': largeBodies,
};
