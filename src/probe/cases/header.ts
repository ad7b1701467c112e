import { type Attack, TOKEN_INVALID } from '../attack.ts';
import { type Forgery, signatureOf } from '../forge.ts';
import type { Material } from '../material.ts';
import { bearers } from '../requests.ts';
import { byAStranger, byTheSigner, trueHeader, withHeader } from '../variations.ts';

/** Tokens by the signer whose header has one member changed or added. */
const headed = (id: string, title: string, why: string, changes: Changes): Attack => ({
  id,
  title,
  why,
  build: (material) =>
    bearers(
      material,
      (typeof changes === 'function' ? changes(material) : changes).map((change) =>
        withHeader(material, change),
      ),
    ),
  expect: TOKEN_INVALID,
});

type Change = Record<string, unknown>;
type Changes = Change[] | ((material: Material) => Change[]);

/** Tokens whose kid may lead a careless look-up to a secret that the attacker knows. */
const kidded = (id: string, title: string, kids: string[], secrets: string[]): Attack => ({
  id: `kid-${id}`,
  title,
  why: 'RFC 8725 §3.10: a kid is input, and may be an injection',
  build: (material) =>
    bearers(
      material,
      kids.flatMap((kid) => [
        withHeader(material, { kid }),
        byAStranger(material, { header: { ...trueHeader(material), kid } }),
        ...secrets.map((secret) => underSecret(material, kid, secret)),
      ]),
    ),
  expect: TOKEN_INVALID,
});

function underSecret(material: Material, kid: string, secret: string): string {
  const mac: Pick<Forgery, 'algorithm' | 'key'> = { algorithm: 'HS256', key: Buffer.from(secret) };
  return byTheSigner(material, { header: { ...trueHeader(material), alg: 'HS256', kid }, ...mac });
}

const KID_ATTACKS: Attack[] = [
  headed('kid-missing', 'a token whose header has no kid, or null, or an empty one', 'RFC 8725 §3.10', [
    { kid: undefined },
    { kid: null },
    { kid: '' },
  ]),
  headed(
    'kid-of-another-type',
    'a token whose kid is a list, an object, a number or a truth value',
    'RFC 7515 §4.1.4',
    ({ live }) =>
      [[live.kid], { kid: live.kid }, { toString: live.kid }, 0, 1e308, true].map((kid) => ({ kid })),
  ),
  headed('kid-letters', 'a token whose kid is the live one in other letters', 'RFC 7515 §4.1.4', ({ live }) =>
    [live.kid.toLowerCase(), `${live.kid} `, `${live.kid}\0`, `${live.kid}=`, live.kid.slice(0, -1)].map(
      (kid) => ({
        kid,
      }),
    ),
  ),
  kidded(
    'unknown',
    'a token whose kid is not known',
    ['unknown', '00000000-0000-4000-8000-000000000000'],
    [],
  ),
  kidded(
    'path',
    'a token whose kid is a path to a file of known content',
    ['../../../../../../dev/null', '/dev/null', 'file:///dev/null', '/proc/sys/kernel/randomize_va_space'],
    ['', '2\n'],
  ),
  kidded(
    'sql',
    'a token whose kid is a piece of SQL that selects the secret',
    ["x' UNION SELECT 'secret", "x' UNION SELECT 'secret'--", "' OR '1'='1"],
    ['secret'],
  ),
  kidded(
    'command',
    'a token whose kid is a command, a template or a query',
    ['|/usr/bin/id', '$(id)', '{{7*7}}', '*)(uid=*', '{"$ne":null}', 'x\r\nSET a b'],
    [''],
  ),
  kidded(
    'prototype',
    'a token whose kid names what every JavaScript object has',
    ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'],
    ['', '[object Object]'],
  ),
];

const EXTENSION_ATTACKS: Attack[] = [
  headed(
    'crit-unknown',
    'a token with a critical header member that nobody knows',
    'RFC 7515 §4.1.11; CVE-2025-59420; CVE-2026-32597',
    [{ crit: ['bypass'], bypass: true }, { crit: ['exp'], exp: 1 }, { crit: ['alg'] }],
  ),
  headed('crit-empty', 'a token whose crit is empty or no list of names', 'RFC 7515 §4.1.11', [
    { crit: [] },
    { crit: null },
    { crit: 'b64' },
    { crit: [null] },
  ]),
  {
    id: 'b64-false',
    title: 'a token whose payload is signed as it is and not in base64url',
    why: 'RFC 7797 §3, §8',
    build: (material) =>
      bearers(
        material,
        [{ b64: false, crit: ['b64'] }, { b64: false }].map((extra) => unencoded(material, extra)),
      ),
    expect: TOKEN_INVALID,
  },
  headed('b64-true', 'a token that says that its payload is encoded', 'RFC 7797 §3', [
    { b64: true, crit: ['b64'] },
    { b64: true },
  ]),
  headed('extra-member', 'a token with a header member that the gateway never writes', 'RFC 8725 §3.10', [
    { cty: 'at+jwt' },
    { iss: 'attacker' },
    { url: '/bank/accounts' },
    { nonce: 'x' },
    { use: 'sig' },
  ]),
];

/** RFC 7797: header and payload are signed with the payload's own bytes, which stand encoded in the token. */
function unencoded(material: Material, extra: Change): string {
  const token = withHeader(material, extra);
  const [header = '', payload = ''] = token.split('.');
  const input = `${header}.${Buffer.from(payload, 'base64url').toString()}`;
  return `${header}.${payload}.${signatureOf(input, { algorithm: 'PS256', key: material.signer })}`;
}

const TYPE_ATTACKS: Attack[] = [
  headed(
    'typ-missing',
    'a token whose header has no typ, or null, or an empty one',
    'RFC 8725 §3.11; RFC 9068 §4',
    [{ typ: undefined }, { typ: null }, { typ: '' }],
  ),
  headed('typ-other', 'a token of another kind by its typ', 'RFC 8725 §2.8, §3.11, §3.12', [
    ...['JWT', 'jwt', 'dpop+jwt', 'logout+jwt', 'secevent+jwt', 'token-introspection+jwt', 'JOSE'].map(
      (typ) => ({ typ }),
    ),
    { typ: 'portcullis-assertion+jwt' },
  ]),
  headed(
    'typ-letters',
    'a token whose typ is the right one in other letters',
    'RFC 8725 §3.11; RFC 9068 §2.1',
    [
      ...['AT+JWT', 'at+JWT', 'application/at+jwt', 'at+jwt ', 'at jwt', 'at+jwt;v=1'].map((typ) => ({
        typ,
      })),
      { typ: ['at+jwt'] },
    ],
  ),
  headed('typ-look-alike', 'a token whose typ only looks like the right one', 'RFC 8725 §3.11; UTS #39', [
    { typ: '\u0430t+jwt' },
    { typ: 'at\uff0bjwt' },
    { typ: 'at+jwt\u200b' },
    { typ: 'at+jw\u0074\u0301' },
  ]),
];

export const HEADER_ATTACKS: readonly Attack[] = [...KID_ATTACKS, ...EXTENSION_ATTACKS, ...TYPE_ATTACKS];
