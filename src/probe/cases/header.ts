import type { Attack, AttackContext } from '../attack.ts';
import { attackerToken, gatewayHeader, signatureOf, tokenOf, withHeader } from '../forge.ts';
import { bearerAttack } from '../requests.ts';

type Change = Record<string, unknown>;
type Changes = Change[] | ((context: AttackContext) => Change[]);

/** Signed tokens whose header has some members changed or added. */
const headerAttack = (id: string, title: string, why: string, changes: Changes): Attack =>
  bearerAttack(id, `a token ${title}`, why, (context) =>
    (typeof changes === 'function' ? changes(context) : changes).map((change) => withHeader(context, change)),
  );

/** Tokens whose kid may lead a careless lookup to a secret that the attacker knows. */
const kidAttack = (id: string, title: string, kids: string[], secrets: string[]): Attack =>
  bearerAttack(
    `kid-${id}`,
    `a token whose kid ${title}`,
    'RFC 8725 §3.10: the kid is untrusted input',
    (context) =>
      kids.flatMap((kid) => [
        withHeader(context, { kid }),
        attackerToken(context, { header: { ...gatewayHeader(context), kid } }),
        ...secrets.map((secret) => tokenOf(context, 'HS256', Buffer.from(secret), { kid })),
      ]),
  );

/** RFC 7797: the signature covers the decoded payload, while the token contains the encoded one. */
function unencoded(context: AttackContext, extra: Change): string {
  const token = withHeader(context, extra);
  const [header = '', payload = ''] = token.split('.');
  const input = `${header}.${Buffer.from(payload, 'base64url').toString()}`;
  return `${header}.${payload}.${signatureOf(input, { algorithm: 'PS256', key: context.signingKey })}`;
}

/** Signed tokens with each of the values as `typ`. */
const typAttack = (id: string, title: string, why: string, types: unknown[]): Attack =>
  headerAttack(
    `typ-${id}`,
    `whose typ is ${title}`,
    why,
    types.map((typ) => ({ typ })),
  );

export const HEADER_ATTACKS: readonly Attack[] = [
  headerAttack('kid-missing', 'whose kid is missing, null or empty', 'RFC 8725 §3.10', [
    { kid: undefined },
    { kid: null },
    { kid: '' },
  ]),
  headerAttack(
    'kid-of-another-type',
    'whose kid is an array, an object, a number or a boolean',
    'RFC 7515 §4.1.4',
    ({ live }) =>
      [[live.kid], { kid: live.kid }, { toString: live.kid }, 0, 1e308, true].map((kid) => ({ kid })),
  ),
  headerAttack(
    'kid-letters',
    'whose kid is a variant of the live one',
    'RFC 7515 §4.1.4',
    ({ live: { kid } }) =>
      [kid.toLowerCase(), `${kid} `, `${kid}\0`, `${kid}=`, kid.slice(0, -1)].map((other) => ({
        kid: other,
      })),
  ),
  kidAttack('unknown', 'is unknown', ['unknown', '00000000-0000-4000-8000-000000000000'], []),
  kidAttack(
    'path',
    'is the path of a file with known content',
    ['../../../../../../dev/null', '/dev/null', 'file:///dev/null', '/proc/sys/kernel/randomize_va_space'],
    ['', '2\n'],
  ),
  kidAttack(
    'sql',
    'is an SQL injection that selects the secret',
    ["x' UNION SELECT 'secret", "x' UNION SELECT 'secret'--", "' OR '1'='1"],
    ['secret'],
  ),
  kidAttack(
    'command',
    'is a command, template or query injection',
    ['|/usr/bin/id', '$(id)', '{{7*7}}', '*)(uid=*', '{"$ne":null}', 'x\r\nSET a b'],
    [''],
  ),
  kidAttack(
    'prototype',
    'is a property of every JavaScript object',
    ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'],
    ['', '[object Object]'],
  ),
  headerAttack(
    'crit-unknown',
    'with an unknown critical header member',
    'RFC 7515 §4.1.11; CVE-2025-59420; CVE-2026-32597',
    [{ crit: ['bypass'], bypass: true }, { crit: ['exp'], exp: 1 }, { crit: ['alg'] }],
  ),
  headerAttack('crit-empty', 'whose crit is empty or not an array of names', 'RFC 7515 §4.1.11', [
    { crit: [] },
    { crit: null },
    { crit: 'b64' },
    { crit: [null] },
  ]),
  bearerAttack('b64-false', 'a token whose payload is signed unencoded', 'RFC 7797 §3, §8', (context) =>
    [{ b64: false, crit: ['b64'] }, { b64: false }].map((extra) => unencoded(context, extra)),
  ),
  headerAttack('b64-true', 'whose header declares an encoded payload', 'RFC 7797 §3', [
    { b64: true, crit: ['b64'] },
    { b64: true },
  ]),
  headerAttack('extra-member', 'with a header member that the gateway never writes', 'RFC 8725 §3.10', [
    { cty: 'at+jwt' },
    { iss: 'attacker' },
    { url: '/bank/accounts' },
    { nonce: 'x' },
    { use: 'sig' },
  ]),
  typAttack('missing', 'missing, null or empty', 'RFC 8725 §3.11; RFC 9068 §4', [undefined, null, '']),
  typAttack('other', 'that of another kind of token', 'RFC 8725 §2.8, §3.11, §3.12', [
    ...['JWT', 'jwt', 'dpop+jwt', 'logout+jwt', 'secevent+jwt', 'token-introspection+jwt', 'JOSE'],
    'portcullis-assertion+jwt',
  ]),
  typAttack('letters', 'a variant of the valid one', 'RFC 8725 §3.11; RFC 9068 §2.1', [
    ...['AT+JWT', 'at+JWT', 'application/at+jwt', 'at+jwt ', 'at jwt', 'at+jwt;v=1'],
    ['at+jwt'],
  ]),
  typAttack('look-alike', 'a homoglyph of the valid one', 'RFC 8725 §3.11; UTS #39', [
    '\u0430t+jwt',
    'at\uff0bjwt',
    'at+jwt\u200b',
    'at+jw\u0074\u0301',
  ]),
];
