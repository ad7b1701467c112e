import { createPrivateKey } from 'node:crypto';
import { type RequestListener, request } from 'node:http';
import { type RunningBank, startBank } from '../../src/bank/server.ts';
import { bankSettings } from '../../src/config/load.ts';
import { createLog } from '../../src/log.ts';
import { gatherMaterial, type Material } from '../../src/probe/material.ts';
import type { Target } from '../../src/probe/raw-request.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

export interface AttackedGateway {
  gateway: TestGateway;
  target: Target;
  /** Made with the gateway's own key, so that each attack is stopped by the one thing that is wrong with it. */
  material: Material;
  bank: RunningBank;
  /** Between the gateway and the bank: counts what reaches the bank. */
  relay: Upstream;
  /** The credential of the last request that reached the bank. */
  lastAssertion(): string;
  /** Where `jku` and `x5u` lead: counts who follows. */
  lure: Upstream;
  close(): Promise<void>;
}

/** The real gateway before the real bank, over a real Redis. */
export async function startAttackedGateway(): Promise<AttackedGateway> {
  const [relay, lure] = await Promise.all([startUpstream(), startUpstream()]);
  const gateway = await startTestGateway({ BANK_URL: relay.url });
  const bank = await startRealBank(gateway);
  let assertion = '';
  relay.answerWith((incoming, outgoing) => {
    assertion = incoming.headers.authorization?.slice('Bearer '.length) ?? '';
    forwardTo(bank.url)(incoming, outgoing);
  });
  const target = { origin: new URL(gateway.url) };
  const user = { username: 'bob', password: 'foobared' };
  const signer = createPrivateKey(gateway.signingKeyPem);
  const material = await gatherMaterial(target, { ...user, signer, lureUrl: `${lure.url}/keys.json` });
  return {
    gateway,
    target,
    material,
    bank,
    relay,
    lastAssertion: () => assertion,
    lure,
    close: async () => {
      await gateway.close();
      await bank.close();
      await Promise.all([relay.close(), lure.close()]);
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
    }),
    log: createLog('bank', 'silent'),
  });
}

const forwardTo =
  (bankUrl: string): RequestListener =>
  (incoming, outgoing) => {
    const { method, headers, url = '' } = incoming;
    const passedOn = request(bankUrl + url, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(passedOn);
  };
