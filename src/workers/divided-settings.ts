import { connectionsPerNetwork } from '../config/gateway-limits.ts';
import type { GatewaySettings } from '../config/load.ts';

/** Totals of the gateway that each worker gets an equal part of. */
const DIVIDED = [
  'connectionsMax',
  'bankConnectionsMax',
  'bankStreamsMax',
  'bankQueueMax',
  'passwordWorkers',
  'passwordQueueMax',
  'passwordQueuePerNetworkMax',
  'mailQueueMax',
  'auditRecordsPerActorPerMinute',
] as const satisfies readonly (keyof GatewaySettings)[];

/** Memory of which each worker gets an equal part, though room for one body at least. */
const DIVIDED_BYTES = ['heldBodiesMaxBytes', 'heldBodiesPerUserMaxBytes'] as const;

/**
 * The settings of one of several workers. What limits the gateway as a whole is divided among them. Limits for one user
 * or one network stay as they are, because the workers share them (`src/gateway/shares/`).
 */
export function dividedSettings(settings: GatewaySettings): GatewaySettings {
  const { workers, heldBodyMaxBytes } = settings;
  const part = (total: number, min: number): number => Math.max(min, Math.floor(total / workers));
  const divided = DIVIDED.map((name) => [name, part(settings[name], Math.min(1, settings[name]))]);
  const bytes = DIVIDED_BYTES.map((name) => [name, part(settings[name], heldBodyMaxBytes)]);
  return {
    ...settings,
    ...Object.fromEntries([...divided, ...bytes]),
    connectionsPerNetworkMax: connectionsPerNetwork(settings),
  };
}
