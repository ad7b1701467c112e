import { type Attack, type ExpectedRefusal, TOKEN_EXPIRED } from '../attack.ts';
import { withClaims } from '../forge.ts';
import { bearerAttack } from '../requests.ts';

type Claims = Readonly<Record<string, unknown>>;

/** Tokens that are valid except for some changed claims. */
const claims = (
  id: string,
  title: string,
  why: string,
  changes: (live: Claims) => Claims[],
  expect?: ExpectedRefusal,
): Attack =>
  bearerAttack(
    `claim-${id}`,
    `a token ${title}`,
    why,
    (context) => changes(context.live.claims).map((change) => withClaims(context, change)),
    expect,
  );

/** Tokens that are valid except for the value of one claim. */
const claim = (
  name: string,
  fault: string,
  title: string,
  why: string,
  values: (live: Claims) => unknown[],
  expect?: ExpectedRefusal,
): Attack => {
  const changes = (live: Claims): Claims[] => values(live).map((value) => ({ [name]: value }));
  return claims(`${name.replace('_', '-')}-${fault}`, title, why, changes, expect);
};

/** A mandatory claim: missing, null, and of each type that it must not have. */
const mandatory = (name: string, why: string, others: (live: Claims) => unknown[]): Attack =>
  claims(name, `whose ${name} is missing, null or of another type`, why, (live) =>
    [undefined, null, true, '', [], {}, ...others(live)].map((value) => ({ [name]: value })),
  );

const DATE = '2026-01-01T00:00:00Z';

const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const HOUR = 3600;

/** Times beyond every calendar or before 1970. */
const IMPOSSIBLE = [1e15, 1e300, 2 ** 53, -1, -1e15];

export const CLAIM_ATTACKS: readonly Attack[] = [
  mandatory('iss', 'Redis e-book ch. 3, criticism 3; RFC 8725 §3.8', () => [-0.5, 8080]),
  mandatory('aud', 'Redis e-book ch. 3, criticism 3; RFC 8725 §3.9', () => [-0.5, 1]),
  mandatory('sub', 'RFC 8725 §3.8; RFC 9068 §2.2', () => [-0.5, 0, 'bob']),
  mandatory('client_id', 'RFC 9068 §2.2', () => [-0.5, 0, 'a b']),
  mandatory('sid', 'Redis e-book ch. 3, criticism 6', () => [-0.5, 0, 'current']),
  mandatory('jti', 'Redis e-book ch. 3, criticism 6; RFC 9068 §2.2', () => [-0.5, 0, '*']),
  mandatory('auth_time', 'RFC 9068 §2.2.1', () => [-0.5, '0', DATE]),
  mandatory('iat', 'RFC 9068 §2.2', () => [-0.5, '0', DATE]),
  mandatory('exp', 'Redis e-book ch. 3, criticism 3; RFC 9068 §2.2', ({ exp }) => [`${exp}`]),
  claim('iss', 'other', 'from another issuer', 'RFC 8725 §3.8; CVE-2024-53861', ({ iss }) => [
    `${iss}/`,
    String(iss).toUpperCase(),
    String(iss).slice(0, -1),
    `${iss}.attacker.example`,
    'https://attacker.example',
    [iss],
  ]),
  claim(
    'aud',
    'other',
    'for another service',
    'Redis e-book ch. 3, criticism 3; RFC 8725 §2.7, §3.9',
    ({ aud }) => [
      'portcullis-bank',
      'another-service',
      `${aud} another-service`,
      String(aud).toUpperCase(),
      '*',
    ],
  ),
  claim('aud', 'list', 'whose aud is an array that includes the gateway', 'RFC 8725 §3.9', ({ aud }) => [
    [aud],
    [aud, 'another-service'],
    ['another-service', aud],
  ]),
  claims(
    'key-injection',
    'whose sub or jti would address a different Redis key',
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
  claims(
    'extra',
    'with a role, a scope or another additional claim',
    'Redis e-book ch. 3, criticism 8',
    () => [
      { role: 'super-admin' },
      { scope: 'roles:manage users:manage' },
      { admin: true },
      { groups: ['admin'] },
      { cnf: { jkt: 'x' } },
      { act: { sub: 'root' } },
    ],
  ),
  claims(
    'exp-past',
    'that has expired',
    'Redis e-book ch. 3, criticism 3; RFC 7519 §4.1.4',
    () => {
      const now = nowSeconds();
      return [now, now - 1, now - HOUR, HOUR].map((exp) => ({ exp, iat: exp - 60, auth_time: exp - 60 }));
    },
    TOKEN_EXPIRED,
  ),
  claim('exp', 'fraction', 'whose exp is not an integer', 'RFC 7519 §2, §4.1.4', ({ exp }) => [
    Number(exp) + 0.5,
    Number(exp) - 0.001,
  ]),
  claim('exp', 'negative', 'that expired before 1970', 'RFC 7519 §4.1.4', () => [-1, -1e15]),
  claim('exp', 'huge', 'that never expires', 'Redis e-book ch. 3, criticism 3; RFC 8725 §3.1', ({ exp }) => [
    1e15,
    2 ** 53,
    1e300,
    Number(exp) * 1000,
    Number(exp) + 31 * 24 * HOUR,
  ]),
  claim('exp', 'text', 'whose exp is a string or an array', 'RFC 7519 §2', ({ exp }) => [
    `${exp}`,
    'Infinity',
    'never',
    [exp],
  ]),
  claims('iat-future', 'issued in the future', 'RFC 9068 §4; RFC 7519 §4.1.6', () =>
    [60, HOUR, 24 * HOUR].map((ahead) => {
      const iat = nowSeconds() + ahead;
      return { iat, auth_time: iat, exp: iat + 60 };
    }),
  ),
  claim('iat', 'impossible', 'issued at an impossible time', 'RFC 7519 §2', ({ iat }) => [
    ...IMPOSSIBLE,
    Number(iat) + 0.5,
    `${iat}`,
  ]),
  claim('iat', 'after-exp', 'issued at or after its expiry', 'RFC 7519 §4.1.6', ({ exp }) => [
    exp,
    Number(exp) + 1,
  ]),
  claim('auth_time', 'future', 'whose login is in the future', 'RFC 9068 §2.2.1', ({ iat }) => [
    Number(iat) + 1,
    Number(iat) + HOUR,
  ]),
  claim('auth_time', 'impossible', 'whose login was at an impossible time', 'RFC 9068 §2.2.1', ({ iat }) => [
    ...IMPOSSIBLE,
    Number(iat) - 0.5,
    `${iat}`,
  ]),
  claims('nbf', 'that is not yet valid, or has any other nbf', 'RFC 7519 §4.1.5', ({ iat }) =>
    [nowSeconds() + HOUR, iat, 'tomorrow', null].map((nbf) => ({ nbf })),
  ),
];
