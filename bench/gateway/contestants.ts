import { join } from 'node:path';
import type { Contestant, SharedSetup } from '../contestant.ts';
import { type NodeServer, startNode } from '../processes/node-process.ts';

const SERVER_FILE = join(import.meta.dirname, 'server.ts');
/** Enough for all sessions but in the rotation of a million. */
const MEMO_SIZE = '100000';

export const GATEWAY = 'gateway';
export const GATEWAY_MEMO = 'gateway-memo';

/** The gateway as it runs in production, and with other settings. */
export const GATEWAYS: readonly Contestant[] = [
  gateway(
    GATEWAY,
    'gateway',
    'This project, with the settings of production and a signed assertion for the upstream.',
  ),
  gateway(
    GATEWAY_MEMO,
    'gateway, signature cache',
    'The same with `SIGNATURE_MEMO_SIZE`: the signature of a token that was verified before is not verified again.',
    { SIGNATURE_MEMO_SIZE: MEMO_SIZE },
  ),
];

function gateway(
  id: string,
  name: string,
  description: string,
  env: Record<string, string> = {},
): Contestant {
  const start = (shared: SharedSetup, core: number) => startGatewayProcess(shared, core, env);
  return { id, name, kind: 'ours', credential: 'token', description, start };
}

/** Starts the gateway in a process of its own. */
export const startGatewayProcess = (
  shared: SharedSetup,
  core: number,
  env: Readonly<Record<string, string>> = {},
): Promise<NodeServer> => startNode(core, SERVER_FILE, { env: { ...shared.gatewayEnvironment, ...env } });
