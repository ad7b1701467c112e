import { bindingOf, type Confirmation } from '../jwt/confirmation.ts';

/** What a request has proved to hold, as far as it is known before the session is. */
export interface Proven {
  /** The key of its proof (RFC 9449). */
  key: Confirmation | undefined;
  /** The certificate of its connection (RFC 8705). Many clients present one that no session is bound to. */
  certificate: Confirmation | undefined;
}

/**
 * Whether a request has proved what a session is bound to, in the form of `bindingOf`. A session that is not bound to a
 * certificate ignores one. A session that is not bound to a key admits no proof: the client believes it to be bound.
 */
export function isBindingProven(binding: string, { key, certificate }: Proven): boolean {
  const isCertificateBound = binding.startsWith('x5t=') && key === undefined;
  return binding === bindingOf(isCertificateBound ? certificate : key);
}

/** Lua: `isBindingProven(binding, key, certificate)` decides the same. All three are in the form of `bindingOf`. */
export const PROVEN_BINDING_LUA = `
local function isBindingProven(binding, key, certificate)
  local isCertificateBound = string.sub(binding, 1, 4) == 'x5t=' and key == ''
  return binding == (isCertificateBound and certificate or key)
end`;
