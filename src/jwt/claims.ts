import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import { parseObject } from './canonical.ts';

/** How far `iat` may lie in the future, for clock differences between gateway machines. `exp` has no tolerance. */
const IAT_TOLERANCE_SECONDS = 10;

/** Seconds since the epoch. */
export const seconds = z.int().nonnegative();
/** 128 random bits in base64url. */
export const random128 = z.string().regex(/^[\w-]{22}$/);

export interface TimedClaims {
  iat: number;
  exp: number;
}

/** What the claims of each kind of token have to be. */
export interface ClaimRules<Claims> {
  /** Compared exactly. */
  issuer: string;
  audience: string;
  /** All claims, each mandatory unless it is optional here. No other claim is accepted. */
  schema: z.ZodType<Claims>;
  maxLifetimeSeconds: number;
  /** Whether a token that has expired, and has no other fault, is accepted. By default it is refused. */
  acceptExpired?: boolean;
}

/**
 * The claims that a payload holds (RFC 7519, section 7.2), or why they are refused: `expired` is a token that has no
 * other fault.
 */
export function readClaims<Claims extends TimedClaims>(
  rules: ClaimRules<Claims>,
  payload: Uint8Array,
  nowMs: number,
): Claims | Refusal<'claims' | 'expired'> {
  const parsed = parseObject(payload);
  if (parsed === undefined) return new Refusal('claims', 'not a JSON object');
  const { iss, aud } = parsed.value as { iss?: unknown; aud?: unknown };
  if (iss !== rules.issuer) return new Refusal('claims', 'iss');
  if (aud !== rules.audience) return new Refusal('claims', 'aud');
  const claims = rules.schema.safeParse(parsed.value);
  if (!claims.success)
    return new Refusal('claims', claims.error.issues[0]?.path.join('.') || 'unknown claim');
  const { iat, exp } = claims.data;
  if (iat > Math.floor(nowMs / 1000) + IAT_TOLERANCE_SECONDS)
    return new Refusal('claims', 'iat in the future');
  if (exp <= iat || exp - iat > rules.maxLifetimeSeconds) return new Refusal('claims', 'lifetime');
  if (!parsed.isCanonical) return new Refusal('claims', 'not canonical JSON');
  if (!rules.acceptExpired && isExpired(claims.data, nowMs)) return new Refusal('expired');
  return claims.data;
}

/** Whether a token has expired: from the first millisecond of `exp` on, as for Redis's `EXAT`. */
export const isExpired = ({ exp }: Pick<TimedClaims, 'exp'>, nowMs: number): boolean => !(nowMs < exp * 1000);
