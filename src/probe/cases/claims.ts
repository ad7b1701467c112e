import { type Attack, TOKEN_INVALID } from '../attack.ts';
import { bearers } from '../requests.ts';
import { withClaims } from '../variations.ts';

type Change = Record<string, unknown>;

/** Tokens by the signer, each with some claims changed. */
export const claiming = (
  id: string,
  title: string,
  why: string,
  changes: (claims: Readonly<Record<string, unknown>>) => Change[],
  expect = TOKEN_INVALID,
): Attack => ({
  id: `claim-${id}`,
  title: `a token ${title}`,
  why,
  build: (material) =>
    bearers(
      material,
      changes(material.live.claims).map((change) => withClaims(material, change)),
    ),
  expect,
});

const OF_NO_USE = [null, true, '', [], {}, -0.5];

/** Each mandatory claim: left out, null, and of every type that it may not have. */
const mandatory = (name: string, why: string, otherTypes: unknown[]): Attack =>
  claiming(name, `whose ${name} is missing, null or of another type`, why, () =>
    [undefined, ...OF_NO_USE, ...otherTypes].map((value) => ({ [name]: value })),
  );

const MANDATORY_ATTACKS: Attack[] = [
  mandatory('iss', 'e-book ch. 3, complaint 3; RFC 8725 §3.8', [8080]),
  mandatory('aud', 'e-book ch. 3, complaint 3; RFC 8725 §3.9', [1]),
  mandatory('sub', 'RFC 8725 §3.8; RFC 9068 §2.2', [0, 'bob']),
  mandatory('client_id', 'RFC 9068 §2.2', [0, 'a b']),
  mandatory('sid', 'e-book ch. 3, complaint 6', [0, 'current']),
  mandatory('jti', 'e-book ch. 3, complaint 6; RFC 9068 §2.2', [0, '*']),
  mandatory('auth_time', 'RFC 9068 §2.2.1', ['0', '2026-01-01T00:00:00Z']),
  mandatory('iat', 'RFC 9068 §2.2', ['0', '2026-01-01T00:00:00Z']),
  {
    ...mandatory('exp', 'e-book ch. 3, complaint 3; RFC 9068 §2.2', ['2026-01-01T00:00:00Z']),
    build: (material) =>
      bearers(
        material,
        [undefined, null, true, '', [], {}, `${String(material.live.claims.exp)}`].map((exp) =>
          withClaims(material, { exp }),
        ),
      ),
  },
];

const IDENTITY_ATTACKS: Attack[] = [
  claiming('iss-other', 'of another issuer', 'RFC 8725 §3.8; CVE-2024-53861', ({ iss }) => [
    { iss: `${iss}/` },
    { iss: String(iss).toUpperCase() },
    { iss: String(iss).slice(0, -1) },
    { iss: `${iss}.attacker.example` },
    { iss: 'https://attacker.example' },
    { iss: [iss] },
  ]),
  claiming(
    'aud-other',
    'for another service',
    'e-book ch. 3, complaint 3; RFC 8725 §2.7, §3.9',
    ({ aud }) => [
      { aud: 'portcullis-bank' },
      { aud: 'another-service' },
      { aud: `${aud} another-service` },
      { aud: String(aud).toUpperCase() },
      { aud: '*' },
    ],
  ),
  claiming('aud-list', 'for a list of services, the right one among them', 'RFC 8725 §3.9', ({ aud }) => [
    { aud: [aud] },
    { aud: [aud, 'another-service'] },
    { aud: ['another-service', aud] },
  ]),
  claiming(
    'key-injection',
    'whose sub or jti would reach another Redis key',
    'RFC 8725 §3.10',
    ({ sub, jti }) => [
      { sub: `${sub}}:${jti}` },
      { sub: `${sub}\r\nDEL x` },
      { jti: `x}:${jti}` },
      { jti: `../${jti}` },
      { jti: '__proto__' },
      { sub: '*', jti: '*' },
    ],
  ),
  claiming(
    'extra',
    'that claims a role, a scope or another thing of its own',
    'e-book ch. 3, complaint 8',
    () => [
      { role: 'super-admin' },
      { scope: 'roles:manage users:manage' },
      { admin: true },
      { groups: ['admin'] },
      { cnf: { jkt: 'x' } },
      { act: { sub: 'root' } },
    ],
  ),
];

export const CLAIM_ATTACKS: readonly Attack[] = [...MANDATORY_ATTACKS, ...IDENTITY_ATTACKS];
