import { Refusal } from '../../refusal.ts';
import type { GatewayReason } from '../problems/table.ts';

/** Why a request that was granted gets no response of the upstream. */
export type ProxyReason = Extract<
  GatewayReason,
  'bank_busy' | 'bank_streams_full' | 'bank_unreachable' | 'bank_too_slow' | 'bank_refused_gateway'
>;

/** The rest of a body must not be sent, because of this refusal. */
export class BodyRefused extends Error {
  readonly code = 'body_refused';
  override readonly name = 'BodyRefused';
  readonly refusal: Refusal<GatewayReason>;

  constructor(refusal: Refusal<GatewayReason>) {
    super(refusal.reason);
    this.refusal = refusal;
  }
}

const TIMEOUT_CODES = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** The refusal of a request whose connection to the upstream has failed. */
export function refusalOfError(error: Error): Refusal<ProxyReason> {
  const code = 'code' in error ? String(error.code) : undefined;
  return new Refusal(TIMEOUT_CODES.has(code ?? '') ? 'bank_too_slow' : 'bank_unreachable', code);
}
