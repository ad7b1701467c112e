import { z } from 'zod';

/** A SHA-256 thumbprint in base64url. Its last character has two unused bits, which are zero. */
export const thumbprint = z.string().regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/);

/**
 * The key that the client has to prove to hold when it uses a token (RFC 7800, section 3.1): by the thumbprint of a
 * public key (RFC 9449, section 6.1) or of a certificate (RFC 8705, section 3.1).
 */
export const confirmation = z.union([
  z.strictObject({ jkt: thumbprint }),
  z.strictObject({ 'x5t#S256': thumbprint }),
]);

export type Confirmation = z.output<typeof confirmation>;

/** How the sender of a request has proved to hold the key of its token. */
export type SenderConstraint = 'dpop' | 'mtls';

export const senderConstraintOf = (cnf: Confirmation): SenderConstraint => ('jkt' in cnf ? 'dpop' : 'mtls');

/** A confirmation as one word, to be stored and compared: `jkt=…` or `x5t=…`. Empty without one. */
export function bindingOf(cnf: Confirmation | undefined): string {
  if (cnf === undefined) return '';
  return 'jkt' in cnf ? `jkt=${cnf.jkt}` : `x5t=${cnf['x5t#S256']}`;
}

/** Reads what `bindingOf` wrote. */
export function confirmationOf(binding: string): Confirmation | undefined {
  if (binding === '') return undefined;
  const value = binding.slice('jkt='.length);
  return binding.startsWith('jkt=') ? { jkt: value } : { 'x5t#S256': value };
}
