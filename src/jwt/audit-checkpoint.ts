import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import { seconds } from './claims.ts';
import type { KeySet } from './signature.ts';

/** The `typ` of a checkpoint. */
export const CHECKPOINT_TYPE = 'portcullis-audit+jwt';
const CHECKPOINT_ALGORITHM = 'PS256';

const recordSchema = z.strictObject({
  seq: z.int().nonnegative(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

const partSchema = z.strictObject({
  /** The record before the first one of the export; number 0 if there is none. */
  after: recordSchema,
  last: recordSchema,
});

const checkpointSchema = z.strictObject({
  iss: z.string(),
  iat: seconds,
  logs: z.strictObject({ security: partSchema, customers: partSchema }),
});

/**
 * What an export of the audit logs contains: of each log, where its records begin and end. The hash of the last record
 * covers all of them. A checkpoint does not expire, because exports are kept for years.
 */
export type AuditCheckpoint = z.output<typeof checkpointSchema>;

export const signCheckpoint = ({ signing }: KeySet, checkpoint: AuditCheckpoint): Promise<string> =>
  new SignJWT({ ...checkpoint })
    .setProtectedHeader({ alg: CHECKPOINT_ALGORITHM, typ: CHECKPOINT_TYPE, kid: signing.kid })
    .sign(signing.privateKey);

/** A genuine checkpoint and the key that signed it. `jwks` are the public keys that are trusted (RFC 7517). */
export async function verifyCheckpoint(
  jwks: JSONWebKeySet,
  token: string,
): Promise<{ checkpoint: AuditCheckpoint; kid: string } | Refusal<'checkpoint_invalid'>> {
  try {
    const options = { algorithms: [CHECKPOINT_ALGORITHM], typ: CHECKPOINT_TYPE };
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), options);
    const checkpoint = checkpointSchema.safeParse(payload);
    if (!checkpoint.success) return new Refusal('checkpoint_invalid', 'claims');
    return { checkpoint: checkpoint.data, kid: protectedHeader.kid ?? '' };
  } catch (fault) {
    if (fault instanceof errors.JOSEError) return new Refusal('checkpoint_invalid', fault.code);
    throw fault;
  }
}
