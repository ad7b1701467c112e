import { createPrivateKey } from 'node:crypto';
import { type RequestListener, request } from 'node:http';
import { type RunningBank, startBank } from '../../src/bank/server.ts';
import { bankSettings } from '../../src/config/load.ts';
import { createLog } from '../../src/log.ts';
import type { AttackContext } from '../../src/probe/attack.ts';
import type { Target } from '../../src/probe/exchange.ts';
import { prepareAttacks } from '../../src/probe/prepare.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

export interface AttackedGateway {
  gateway: TestGateway;
  target: Target;
  /** With the gateway's own signing key, so that a token can fail only because of its one changed detail. */
  context: AttackContext;
  bank: RunningBank;
  /** Forwards and counts the requests from the gateway to the bank. */
  relay: Upstream;
  /** The assertion of the last request to the bank. */
  lastAssertion(): string;
  /** The target of `jku` and `x5u`: counts the requests for keys. */
  attackerServer: Upstream;
  close(): Promise<void>;
}

/** The real gateway with the real bank and a real Redis. */
export async function startAttackedGateway(): Promise<AttackedGateway> {
  const [relay, attackerServer] = await Promise.all([startUpstream(), startUpstream()]);
  const gateway = await startTestGateway({ BANK_URL: relay.url });
  const bank = await startRealBank(gateway);
  let assertion = '';
  relay.respondWith((incoming, outgoing) => {
    assertion = incoming.headers.authorization?.slice('Bearer '.length) ?? '';
    forwardTo(bank.url)(incoming, outgoing);
  });
  const target = { origin: new URL(gateway.url) };
  const user = { username: 'bob', password: 'foobared' };
  const context = await prepareAttacks(target, {
    ...user,
    signingKey: createPrivateKey(gateway.signingKeyPem),
    assertionKey: gateway.ring.signing.assertionKey.privateKey,
    attackerUrl: `${attackerServer.url}/keys.json`,
  });
  return {
    gateway,
    target,
    context,
    bank,
    relay,
    lastAssertion: () => assertion,
    attackerServer,
    close: async () => {
      await gateway.close();
      await bank.close();
      await Promise.all([relay.close(), attackerServer.close()]);
    },
  };
}

function startRealBank({ url, redis, settings }: TestGateway): Promise<RunningBank> {
  return startBank({
    settings: bankSettings({
      REDIS_URL: redis.url,
      BANK_PORT: '0',
      ISSUER: settings.issuer,
      JWKS_URL: `${url}/.well-known/jwks.json`,
      BANK_TRANSACTION_INTERVAL_MS: '0',
      SHUTDOWN_SETTLE_MS: '0',
    }),
    log: createLog('bank', 'silent'),
  });
}

const forwardTo =
  (bankUrl: string): RequestListener =>
  (incoming, outgoing) => {
    const { method, headers, url = '' } = incoming;
    const forwarded = request(bankUrl + url, { method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  };
