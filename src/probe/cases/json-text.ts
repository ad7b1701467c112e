import type { Attack, AttackContext } from '../attack.ts';
import { gatewayHeader, signedToken } from '../forge.ts';
import { bearerAttack } from '../requests.ts';

type Texts = (context: AttackContext) => unknown[];

/** Tokens signed with exactly these headers or payloads. */
const textAttack =
  (part: 'header' | 'payload') =>
  (id: string, title: string, why: string, texts: Texts): Attack =>
    bearerAttack(`${part}-${id}`, `a token whose ${part} ${title}`, why, (context) =>
      texts(context).map((text) => signedToken(context, { [part]: text })),
    );
const headerAttack = textAttack('header');
const payloadAttack = textAttack('payload');

/** The claims as text with one more member, at the start or at the end. */
const prepend = ({ live }: AttackContext, member: string): string =>
  `{${member},${JSON.stringify(live.claims).slice(1)}`;
const append = ({ live }: AttackContext, member: string): string =>
  `${JSON.stringify(live.claims).slice(0, -1)},${member}}`;

export const JSON_TEXT_ATTACKS: readonly Attack[] = [
  headerAttack(
    'duplicates',
    'has a duplicate member',
    'RFC 7515 §4: names must be unique',
    ({ live: { kid } }) => [
      `{"alg":"none","alg":"PS256","typ":"at+jwt","kid":"${kid}"}`,
      `{"alg":"PS256","alg":"none","typ":"at+jwt","kid":"${kid}"}`,
      `{"alg":"PS256","typ":"at+jwt","kid":"x","kid":"${kid}"}`,
      `{"alg":"PS256","typ":"JWT","typ":"at+jwt","kid":"${kid}"}`,
      `{"alg":"PS256","typ":"at+jwt","kid":"${kid}","\\u0061lg":"none"}`,
    ],
  ),
  headerAttack(
    'other-text',
    'is not canonical JSON',
    'RFC 8725 §2.6; one token, one encoding',
    ({ live: { kid } }) => [
      `{ "alg":"PS256","typ":"at+jwt","kid":"${kid}"}`,
      `{"typ":"at+jwt","alg":"PS256","kid":"${kid}"}`,
      `{"alg":"PS256","typ":"at+jwt","kid":"${kid}"}\n`,
      `{"\\u0061lg":"PS256","typ":"at+jwt","kid":"${kid}"}`,
    ],
  ),
  headerAttack(
    'other-encoding',
    'is UTF-16, has a byte order mark or is not valid UTF-8',
    'RFC 8725 §2.6, §3.7',
    (context) => {
      const text = JSON.stringify(gatewayHeader(context));
      const invalidUtf8 = Buffer.from(`${text.slice(0, -1)},"\xff":1}`, 'latin1');
      return [Buffer.from(text, 'utf16le'), `\ufeff${text}`, invalidUtf8];
    },
  ),
  headerAttack('no-object', 'is not a JSON object', 'RFC 7515 §5.2', (context) => [
    'PS256',
    '"PS256"',
    '[]',
    'null',
    '1',
    [gatewayHeader(context)],
    '{}',
    '['.repeat(1500),
    `{"__proto__":${JSON.stringify(gatewayHeader(context))}}`,
  ]),
  payloadAttack('duplicates', 'has a duplicate claim', 'RFC 7519 §4: names must be unique', (context) => {
    const { sub, aud, exp } = context.live.claims;
    return [
      prepend(context, '"sub":"AAAAAAAAAAAAAAAAAAAAAA"'),
      append(context, '"sub":"AAAAAAAAAAAAAAAAAAAAAA"'),
      append(context, `"sub":${JSON.stringify(sub)}`),
      prepend(context, '"aud":"another-service"'),
      append(context, `"aud":${JSON.stringify(aud)}`),
      append(context, `"exp":${Number(exp) + 60}`),
      append(context, `"\\u0073ub":${JSON.stringify(sub)}`),
    ];
  }),
  payloadAttack(
    'other-text',
    'is not canonical JSON',
    'RFC 8725 §2.6; one token, one encoding',
    ({ live }) => {
      const text = JSON.stringify(live.claims);
      return [
        ` ${text}`,
        `${text}\n`,
        text.replace('{', '{ '),
        text.replace('"sub"', '"\\u0073ub"'),
        text.replace(/"iat":(\d+)/, '"iat":$1.0'),
        text.replace(/"iat":(\d)(\d{9})/, '"iat":$1.$2e9'),
        `\ufeff${text}`,
      ];
    },
  ),
  payloadAttack('no-object', 'is not a JSON object', 'RFC 7519 §7.2', ({ live }) => [
    'sub',
    '"sub"',
    'null',
    '7',
    '[]',
    [live.claims],
    '{}',
    '['.repeat(1500),
    Buffer.from(JSON.stringify(live.claims), 'utf16le'),
    `{"__proto__":${JSON.stringify(live.claims)}}`,
  ]),
];
