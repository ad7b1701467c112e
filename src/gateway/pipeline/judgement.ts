import type { AccessClaims, TokenReason } from '../../jwt/access-token.ts';
import type { Refusal } from '../../refusal.ts';
import type { WhitelistReason } from '../../sessions/whitelist.ts';
import type { Authenticated } from '../request-context.ts';
import type { CredentialReason } from './credential.ts';
import type { Grant, PolicyReason } from './policy.ts';
import type { PossessionReason } from './possession.ts';

type AuthenticationReason =
  | CredentialReason
  | TokenReason
  | PossessionReason
  | WhitelistReason
  | 'proof_replayed'
  | 'user_rate_exceeded'
  | 'binding_required'
  | 'address_refused';

/** The refusal of stages 1 to 5, with the claims if the token is genuine. */
export interface NotAuthenticated {
  refusal: Refusal<AuthenticationReason>;
  claims?: AccessClaims;
}

/** A request that stages 1 to 6 have granted. */
export interface Granted {
  user: Authenticated;
  grant: Grant;
  /** When it was judged, in milliseconds since the epoch. */
  atMs: number;
}

/** The refusal of stages 1 to 6. */
export type NotGranted = NotAuthenticated | { refusal: Refusal<PolicyReason>; claims: AccessClaims };

/** Judges a request by stages 1 to 6 as of now. Authority is checked when it is used, not only when it is claimed. */
export type Judge = () => Promise<Granted | NotGranted>;
