import {
  type Attack,
  type AttackContext,
  type AttackRequest,
  type BoundSession,
  type ExpectedRefusal,
  PROOF_INVALID,
} from '../attack.ts';
import { rawRequest } from '../requests.ts';
import { boundLines } from './bound-session.ts';
import { type ProofChanges, type ProvenRequest, proofFor } from './proof.ts';

/** The context of a gateway that offers DPoP. */
export type BoundContext = AttackContext & { bound: BoundSession };

const isBound = (context: AttackContext): context is BoundContext => context.bound !== undefined;

/** An attack on a bound session by any requests. It has none if the gateway does not offer DPoP. */
export const boundAttack = (
  id: string,
  title: string,
  why: string,
  expect: ExpectedRefusal,
  requests: (context: BoundContext) => readonly AttackRequest[],
): Attack => ({
  id: `dpop-${id}`,
  title,
  why,
  expect,
  build: (context) => (isBound(context) ? [...requests(context)] : []),
  needsBoundSession: true,
});

/** An attack that sends the bound token with each proof. */
export const proofAttack = (
  id: string,
  title: string,
  why: string,
  proofs: (context: BoundContext) => readonly string[],
  expect = PROOF_INVALID,
): Attack =>
  boundAttack(id, title, why, expect, (context) =>
    proofs(context).map((proof) => rawRequest(context, { lines: boundLines(context.bound, proof) })),
  );

/** The request that attacks change: a GET of the attacked path with the bound token. */
export const attackedRequest = ({ path, bound }: BoundContext): ProvenRequest => ({
  method: 'GET',
  path,
  token: bound.access,
});

/** The right proof for that request, but for the changes. */
export const changedProof = (context: BoundContext, changes: ProofChanges = {}): string =>
  proofFor(context.bound, attackedRequest(context), changes);

/** An attack by proofs with some claims changed. */
export const claimAttack = (
  id: string,
  title: string,
  why: string,
  changes: (context: BoundContext) => readonly Record<string, unknown>[],
  expect?: ExpectedRefusal,
): Attack =>
  proofAttack(
    id,
    title,
    why,
    (context) => changes(context).map((claims) => changedProof(context, { claims })),
    expect,
  );

/** An attack by proofs with some header parameters changed. */
export const headerAttack = (
  id: string,
  title: string,
  why: string,
  changes: (context: BoundContext) => readonly Record<string, unknown>[],
): Attack =>
  proofAttack(id, title, why, (context) =>
    changes(context).map((header) => changedProof(context, { header })),
  );
