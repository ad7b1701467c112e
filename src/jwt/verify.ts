import { errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import { decodeObject, isCanonicalJson, splitToken } from './canonical.ts';
import { encodeHeader, type PublicKey, type TokenKind } from './signature.ts';

/** How far `iat` may lie in the future, for clock differences between gateway machines. `exp` has no tolerance. */
const IAT_TOLERANCE_SECONDS = 10;

/** Seconds since the epoch. */
export const seconds = z.int().nonnegative();
/** 128 random bits in base64url. */
export const random128 = z.string().regex(/^[\w-]{22}$/);

interface TimedClaims {
  iat: number;
  exp: number;
}

/** What each kind of token has to be. */
interface JwtRules<Claims> {
  kind: TokenKind;
  /** Compared exactly. */
  issuer: string;
  audience: string;
  /** All claims, each mandatory unless it is optional here. No other claim is accepted. */
  schema: z.ZodObject & z.ZodType<Claims>;
  maxLifetimeSeconds: number;
  /** The maximum length of the token. */
  maxCharacters?: number;
  /** Whether a token that has expired, and has no other fault, is accepted. By default it is refused. */
  acceptExpired?: boolean;
}

type FindKey<Key extends PublicKey> = (
  kid: string,
  nowMs: number,
) => Key | undefined | Promise<Key | undefined>;

/** Why a token is refused. `spelling` means that its encoding is not canonical. */
export type JwtReason = 'spelling' | 'header' | 'signature' | 'claims' | 'expired';

export interface VerifiedJwt<Claims, Key> {
  claims: Claims;
  /** The key that signed the token. */
  key: Key;
}

/**
 * Checks everything about a token that needs no store: canonical form, header, signature, claims and times.
 *
 * No header parameter is ever acted on but `kid`: the header has to be exactly the text that the gateway writes for
 * that kind of token and that key. So no `alg`, `jku`, `jwk`, `x5c`, `crit` or `zip` of an attacker has any effect (RFC 8725, sections
 * 3.1, 3.10 and 3.11). jose still checks everything that it can.
 */
export async function verifyJwt<Claims extends TimedClaims, Key extends PublicKey>(
  rules: JwtRules<Claims>,
  findKey: FindKey<Key>,
  token: string,
  nowMs: number,
): Promise<VerifiedJwt<Claims, Key> | Refusal<JwtReason>> {
  const parts = splitToken(token, rules.maxCharacters);
  if (parts === undefined) return new Refusal('spelling');
  const kid = kidOfHeader(parts.header, rules.kind);
  if (kid === undefined) return new Refusal('header');
  const key = await findKey(kid, nowMs);
  if (key === undefined) return new Refusal('header', 'unknown key');
  const claims = await verifyWithJose(rules, key, token, nowMs);
  if (claims instanceof Refusal) return claims;
  if (!isCanonicalJson(parts.payload)) return new Refusal('claims', 'not canonical JSON');
  return { claims, key };
}

/** The `kid` of a header that is exactly the one that the gateway writes, or undefined. */
function kidOfHeader(header: string, kind: TokenKind): string | undefined {
  const { kid } = (decodeObject(header) ?? {}) as { kid?: unknown };
  return typeof kid === 'string' && encodeHeader(kind, kid) === header ? kid : undefined;
}

async function verifyWithJose<Claims extends TimedClaims>(
  { kind, schema, issuer, audience, maxLifetimeSeconds, acceptExpired = false }: JwtRules<Claims>,
  { publicKey }: PublicKey,
  token: string,
  nowMs: number,
): Promise<Claims | Refusal<JwtReason>> {
  try {
    const { payload } = await jwtVerify(token, publicKey, {
      issuer,
      audience,
      algorithms: [kind.alg],
      typ: kind.typ,
      requiredClaims: mandatoryClaims(schema),
      clockTolerance: 0,
      currentDate: new Date(nowMs),
    });
    return checkClaims(schema, payload, maxLifetimeSeconds, nowMs);
  } catch (fault) {
    if (acceptExpired && fault instanceof errors.JWTExpired)
      return checkClaims(schema, fault.payload, maxLifetimeSeconds, nowMs);
    return refusalFor(fault);
  }
}

const mandatoryClaims = ({ shape }: z.ZodObject): string[] =>
  Object.keys(shape).filter((name) => !(shape[name] instanceof z.ZodOptional));

/** What jose leaves open: types, integers, one audience as a string, unknown claims, `iat` and the lifetime. */
function checkClaims<Claims extends TimedClaims>(
  schema: z.ZodType<Claims>,
  payload: unknown,
  maxLifetimeSeconds: number,
  nowMs: number,
): Claims | Refusal<'claims'> {
  const parsed = schema.safeParse(payload);
  if (!parsed.success)
    return new Refusal('claims', parsed.error.issues[0]?.path.join('.') || 'unknown claim');
  const { iat, exp } = parsed.data;
  if (iat > Math.floor(nowMs / 1000) + IAT_TOLERANCE_SECONDS)
    return new Refusal('claims', 'iat in the future');
  if (exp <= iat || exp - iat > maxLifetimeSeconds) return new Refusal('claims', 'lifetime');
  return parsed.data;
}

function refusalFor(fault: unknown): Refusal<JwtReason> {
  if (fault instanceof errors.JWTExpired) return new Refusal('expired');
  if (fault instanceof errors.JWSSignatureVerificationFailed) return new Refusal('signature');
  if (fault instanceof errors.JWTClaimValidationFailed) return new Refusal('claims', fault.claim);
  if (fault instanceof errors.JOSEError) return new Refusal('claims', fault.code);
  throw fault;
}

/** Whether a token has expired: from the first millisecond of `exp` on, as for jose and for Redis's `EXAT`. */
export const isExpired = ({ exp }: Pick<TimedClaims, 'exp'>, nowMs: number): boolean => exp * 1000 <= nowMs;
