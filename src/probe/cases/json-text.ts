import { type Attack, TOKEN_INVALID } from '../attack.ts';
import type { Material } from '../material.ts';
import { bearers } from '../requests.ts';
import { byTheSigner, trueHeader } from '../variations.ts';

/** Headers that are signed as they stand, whatever they are. */
const headerTexts = (
  id: string,
  title: string,
  why: string,
  texts: (material: Material) => unknown[],
): Attack => ({
  id,
  title,
  why,
  build: (material) =>
    bearers(
      material,
      texts(material).map((header) => byTheSigner(material, { header })),
    ),
  expect: TOKEN_INVALID,
});

const HEADER_TEXT_ATTACKS: Attack[] = [
  headerTexts(
    'header-duplicates',
    'a token whose header has a member twice',
    'RFC 7515 §4: names must be unique',
    ({ live: { kid } }) => [
      `{"alg":"none","alg":"PS256","typ":"at+jwt","kid":"${kid}"}`,
      `{"alg":"PS256","alg":"none","typ":"at+jwt","kid":"${kid}"}`,
      `{"alg":"PS256","typ":"at+jwt","kid":"x","kid":"${kid}"}`,
      `{"alg":"PS256","typ":"JWT","typ":"at+jwt","kid":"${kid}"}`,
      `{"alg":"PS256","typ":"at+jwt","kid":"${kid}","\\u0061lg":"none"}`,
    ],
  ),
  headerTexts(
    'header-other-text',
    'a token whose header is the right JSON in another text',
    'RFC 8725 §2.6; one token, one spelling',
    ({ live: { kid } }) => [
      `{ "alg":"PS256","typ":"at+jwt","kid":"${kid}"}`,
      `{"typ":"at+jwt","alg":"PS256","kid":"${kid}"}`,
      `{"alg":"PS256","typ":"at+jwt","kid":"${kid}"}\n`,
      `{"\\u0061lg":"PS256","typ":"at+jwt","kid":"${kid}"}`,
    ],
  ),
  headerTexts(
    'header-other-encoding',
    'a token whose header is in UTF-16, has a byte order mark or is no UTF-8',
    'RFC 8725 §2.6, §3.7',
    (material) => {
      const text = JSON.stringify(trueHeader(material));
      const noUtf8 = Buffer.concat([
        Buffer.from(text.slice(0, -1)),
        Buffer.from([0x2c, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      ]);
      return [Buffer.from(text, 'utf16le'), `\ufeff${text}`, noUtf8];
    },
  ),
  headerTexts('header-no-object', 'a token whose header is no JSON object', 'RFC 7515 §5.2', (material) => [
    'PS256',
    '"PS256"',
    '[]',
    'null',
    '1',
    [trueHeader(material)],
    '{}',
    '['.repeat(1500),
    `{"__proto__":${JSON.stringify(trueHeader(material))}}`,
  ]),
];

/** Payloads that are signed as they stand. */
const payloads = (
  id: string,
  title: string,
  why: string,
  texts: (material: Material) => unknown[],
): Attack => ({
  id: `payload-${id}`,
  title: `a token whose payload ${title}`,
  why,
  build: (material) =>
    bearers(
      material,
      texts(material).map((payload) => byTheSigner(material, { payload })),
    ),
  expect: TOKEN_INVALID,
});

/** The claims as text with one more member, first or last. */
const first = ({ live }: Material, member: string): string =>
  `{${member},${JSON.stringify(live.claims).slice(1)}`;
const last = ({ live }: Material, member: string): string =>
  `${JSON.stringify(live.claims).slice(0, -1)},${member}}`;

const PAYLOAD_TEXT_ATTACKS: Attack[] = [
  payloads('duplicates', 'has a claim twice', 'RFC 7519 §4: names must be unique', (material) => {
    const { sub, aud, exp } = material.live.claims;
    return [
      first(material, '"sub":"AAAAAAAAAAAAAAAAAAAAAA"'),
      last(material, '"sub":"AAAAAAAAAAAAAAAAAAAAAA"'),
      last(material, `"sub":${JSON.stringify(sub)}`),
      first(material, '"aud":"another-service"'),
      last(material, `"aud":${JSON.stringify(aud)}`),
      last(material, `"exp":${Number(exp) + 60}`),
      last(material, `"\\u0073ub":${JSON.stringify(sub)}`),
    ];
  }),
  payloads(
    'other-text',
    'is the right JSON in another text',
    'RFC 8725 §2.6; one token, one spelling',
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
  payloads('no-object', 'is no JSON object', 'RFC 7519 §7.2', ({ live }) => [
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

export const JSON_TEXT_ATTACKS: readonly Attack[] = [...HEADER_TEXT_ATTACKS, ...PAYLOAD_TEXT_ATTACKS];
