import {
  type Attack,
  type AttackRequest,
  BINDING_WRONG,
  PROOF_INVALID,
  REPLAYED_LATE,
  TOKEN_INVALID,
} from '../attack.ts';
import { exchange, isResponse } from '../exchange.ts';
import { ProbeFailed } from '../gateway-api.ts';
import { asCookie, bearer, rawRequest } from '../requests.ts';
import { attackedRequest, type BoundContext, boundAttack, changedProof, proofAttack } from './attacks.ts';
import { boundLines } from './bound-session.ts';
import { proofFor, publicJwk } from './proof.ts';

const withLines = (context: BoundContext, ...lines: string[]): Buffer => rawRequest(context, { lines });
const cookieLine = ({ cookieName }: BoundContext, token: string): string => `Cookie: ${cookieName}=${token}`;

/** A proof of the attacker's key for the same request. */
const foreignProof = (context: BoundContext): string => {
  const { p256: key } = context.attackerKeys;
  return changedProof(context, { header: { jwk: publicJwk(key) }, key });
};

/** A request that the client has sent before. */
function sentBefore(lines: (proof: string) => string[]) {
  return (context: BoundContext): AttackRequest => {
    const request = withLines(context, ...lines(changedProof(context)));
    return {
      first: Buffer.alloc(0),
      meanwhile: async (target) => {
        const outcome = await exchange(target, request);
        if (!isResponse(outcome) || outcome.status !== 200)
          throw new ProbeFailed('a right proof was refused');
      },
      rest: request,
    };
  };
}

export const DPOP_TOKEN_ATTACKS: readonly Attack[] = [
  boundAttack(
    'stolen',
    'a bound token without a proof, in the header and in the cookie',
    'RFC 9449 §1, §7.1: a stolen token is worthless without its key',
    BINDING_WRONG,
    (context) => [
      withLines(context, `Authorization: DPoP ${context.bound.access}`),
      asCookie(context, context.bound.access),
    ],
  ),
  boundAttack(
    'as-bearer',
    'a bound token as a bearer token, with its proof and without',
    'RFC 9449 §7.2: no downgrade to bearer',
    BINDING_WRONG,
    (context) => [
      withLines(context, bearer(context.bound.access)),
      withLines(context, bearer(context.bound.access), `DPoP: ${changedProof(context)}`),
    ],
  ),
  boundAttack(
    'other-key',
    "a bound token with a proof of the attacker's key",
    'RFC 9449 §4.3, check 12: the thumbprint must be that of the token',
    BINDING_WRONG,
    (context) => [
      withLines(context, ...boundLines(context.bound, foreignProof(context))),
      withLines(context, cookieLine(context, context.bound.access), `DPoP: ${foreignProof(context)}`),
    ],
  ),
  boundAttack(
    'unbound',
    'a token that is not bound, with a proof',
    'RFC 9449 §7.1: the scheme and the proof must match the token',
    BINDING_WRONG,
    (context) => {
      const { bound, live } = context;
      const proof = proofFor(bound, { ...attackedRequest(context), token: live.text });
      return [
        withLines(context, ...boundLines({ access: live.text }, proof)),
        withLines(context, bearer(live.text), `DPoP: ${proof}`),
        withLines(context, cookieLine(context, live.text), `DPoP: ${proof}`),
        withLines(context, `Authorization: DPoP ${live.text}`),
      ];
    },
  ),
  boundAttack('two-headers', 'two DPoP headers', 'RFC 9449 §4.3, check 1', PROOF_INVALID, (context) => {
    const [right, other, foreign] = [changedProof(context), changedProof(context), foreignProof(context)];
    return [
      [right, other],
      [right, right],
      [right, foreign],
      [foreign, right],
      [right, ''],
    ].map(([first = '', second = '']) =>
      withLines(context, ...boundLines(context.bound, first), `dpop: ${second}`),
    );
  }),
  proofAttack(
    'not-one-proof',
    'two proofs in one header, or something else in place of a proof',
    'RFC 9449 §4.3, checks 1 and 2',
    (context) => {
      const [right, other] = [changedProof(context), changedProof(context)];
      const joined = [',', ', ', ' ', ';'].map((separator) => right + separator + other);
      return [...joined, `${right},`, `DPoP ${right}`, `"${right}"`, '', 'null', 'e30.e30.e30', '..'];
    },
  ),
  proofAttack(
    'token-as-proof',
    'an access token or a refresh token in place of the proof',
    'RFC 8725 §2.8, §3.12: cross-JWT confusion',
    ({ bound, live }) => [bound.access, live.text, bound.refresh],
  ),
  boundAttack(
    'proof-as-token',
    'a proof used as an access token',
    'RFC 8725 §2.8, §3.12: cross-JWT confusion',
    TOKEN_INVALID,
    (context) => {
      const proof = changedProof(context);
      return [
        withLines(context, bearer(proof)),
        withLines(context, ...boundLines({ access: proof }, changedProof(context))),
        asCookie(context, proof),
      ];
    },
  ),
  boundAttack(
    'replayed',
    'a proof that its client has used, in the header and with the cookie',
    'RFC 9449 §11.1: a proof counts once',
    REPLAYED_LATE,
    (context) => [
      sentBefore((proof) => boundLines(context.bound, proof))(context),
      sentBefore((proof) => [cookieLine(context, context.bound.access), `DPoP: ${proof}`])(context),
    ],
  ),
];
