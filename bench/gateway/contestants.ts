import { join } from 'node:path';
import type { Contestant, RunningServer, SharedSetup } from '../contestant.ts';
import { freePort, startNative } from '../peers/native/process.ts';
import { type NodeServer, startNode } from '../processes/node-process.ts';

const SERVER_FILE = join(import.meta.dirname, 'server.ts');
/** Room for all sessions, in bytes. */
const MEMO_MAX_BYTES = `${256 * 1024 * 1024}`;
const MAIN_FILE = join(import.meta.dirname, '../../src/main.ts');

export const GATEWAY = 'gateway';
export const GATEWAY_MEMO = 'gateway-memo';
export const GATEWAY_DPOP = 'gateway-dpop';
export const GATEWAY_WORKERS = 'gateway-workers';

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
    'The same with `SIGNATURE_MEMO_MAX_BYTES`: the signature of a token that was verified before is not verified again.',
    { SIGNATURE_MEMO_MAX_BYTES: MEMO_MAX_BYTES },
  ),
  {
    ...gateway(
      GATEWAY_DPOP,
      'gateway, DPoP',
      'The same with tokens that are bound to a key (RFC 9449): each session has a key of its own, and each request a new proof by ES256.',
    ),
    credential: 'bound-token',
  },
  {
    id: GATEWAY_WORKERS,
    name: 'gateway, two workers',
    kind: 'ours',
    credential: 'token',
    description: 'The same with `WORKERS=2`, both on the one core: what it costs to share the work.',
    start: startWorkers,
  },
];

/** Starts `portcullis gateway` with two worker processes. */
async function startWorkers(shared: SharedSetup, core: number): Promise<RunningServer> {
  const port = await freePort();
  return startNative(core, {
    name: 'gateway-workers',
    path: process.execPath,
    args: ['--expose-gc', MAIN_FILE, 'gateway'],
    env: { ...shared.gatewayEnvironment, WORKERS: '2', GATEWAY_PORT: `${port}` },
    port,
    directory: shared.directory,
  });
}

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
