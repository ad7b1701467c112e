import {
  type Attack,
  CREDENTIAL_INVALID,
  type ExpectedRefusal,
  type IssuedToken,
  MALFORMED,
} from '../attack.ts';
import { otherEncodings } from '../forge.ts';
import { bearerAttack, cookieAttack, credentialAttack } from '../requests.ts';

type Variants = (live: IssuedToken) => string[];

/** Non-canonical encodings of the live token, in the header and in the cookie. */
const encodingAttack = (
  id: string,
  title: string,
  why: string,
  variants: Variants,
  expect?: ExpectedRefusal,
): Attack =>
  credentialAttack(`encoding-${id}`, `a live token ${title}`, why, ({ live }) => variants(live), expect);

/** The token with a text inserted within the header, at both dots, within the signature and at the start. */
const inserted = ({ text, header, payload }: IssuedToken, what: string): string[] =>
  [3, header.length, header.length + 1 + payload.length, text.length - 3, 0].map(
    (at) => text.slice(0, at) + what + text.slice(at),
  );

const percent = (letter: string): string => `%${letter.charCodeAt(0).toString(16)}`;

const spaces: Variants = (live) => [...inserted(live, ' '), ...inserted(live, '\t')];

export const ENCODING_ATTACKS: readonly Attack[] = [
  encodingAttack(
    'spare-bits',
    'with different spare bits in the last letter of a part',
    'RFC 4648 §3.5; Redis e-book ch. 3, criticism 6: such a token could survive its logout',
    ({ header, payload, signature }) => [
      ...otherEncodings(signature).map((other) => `${header}.${payload}.${other}`),
      ...otherEncodings(payload).map((other) => `${header}.${other}.${signature}`),
      ...otherEncodings(header).map((other) => `${other}.${payload}.${signature}`),
    ],
  ),
  encodingAttack(
    'padding',
    'with padding',
    'RFC 7515 §2: without padding; RFC 4648 §3.2',
    ({ text, header, payload, signature }) => [
      `${text}=`,
      `${text}==`,
      `${header}=.${payload}.${signature}`,
      `${header}.${payload}==.${signature}`,
      `${header}=.${payload}=.${signature}=`,
    ],
  ),
  encodingAttack(
    'other-alphabet',
    'in the standard base64 alphabet, or with letters that decoders skip',
    'RFC 4648 §3.3, §5',
    (live) =>
      [
        live.text.replaceAll('-', '+').replaceAll('_', '/'),
        ...['!', '*', '~', ':', '@', '$'].flatMap((letter) => inserted(live, letter)),
      ].filter((other) => other !== live.text),
  ),
  bearerAttack(
    'encoding-spaces',
    'a live token with a space or a tab',
    'RFC 4648 §3.3; RFC 6750 §2.1',
    ({ live }) => spaces(live),
    CREDENTIAL_INVALID,
  ),
  cookieAttack(
    'encoding-spaces-cookie',
    'a live token with a space or a tab, in the cookie',
    'RFC 4648 §3.3; RFC 6750 §2.1',
    ({ live }) => spaces(live),
  ),
  encodingAttack(
    'line-breaks',
    'with a line break, or folded over several lines',
    'RFC 9112 §5.2; RFC 4648 §3.1',
    (live) => ['\n', '\r', '\r\n', '\r\n ', '\r\n\t'].flatMap((what) => inserted(live, what).slice(0, 3)),
    MALFORMED,
  ),
  encodingAttack(
    'controls',
    'with a control character',
    'RFC 9110 §5.5',
    (live) =>
      ['\0', '\x01', '\x08', '\x0b', '\x0c', '\x1f', '\x7f'].flatMap((what) => inserted(live, what)[1] ?? []),
    MALFORMED,
  ),
  encodingAttack(
    'non-ascii',
    'with a visible or invisible non-ASCII character',
    'RFC 8725 §2.6; RFC 6750 §2.1',
    (live) => [
      ...['\u00e9', '\u200b', '\ufeff', '\u202e'].flatMap((what) => inserted(live, what)),
      live.text.replace('e', '\uff45'),
      live.text.replaceAll('.', '\uff0e'),
    ],
  ),
  encodingAttack(
    'percent',
    'in percent-encoding, completely or partly',
    'RFC 3986 §2.1; RFC 6265 §5.2: a value is not decoded',
    ({ text, header, payload, signature }) => [
      text.replaceAll('.', '%2E'),
      text.replaceAll('.', '%2e'),
      [...text].slice(0, 60).map(percent).join('') + text.slice(60),
      percent(text.charAt(0)) + text.slice(1),
      text.slice(0, -1) + percent(text.slice(-1)),
      `${header}.${payload}.${signature}%00`,
      `${text}%0A`,
      `${text}%20`,
      `${text}%3D`,
    ],
  ),
  encodingAttack(
    'dots',
    'with too many or too few dots or parts',
    'RFC 7515 §7.1: exactly three parts',
    ({ text, header, payload, signature }) => [
      `.${text}`,
      `${text}.`,
      `${text}..`,
      `${header}..${payload}.${signature}`,
      `${text}.${signature}`,
      `${text}.${text}`,
      text + text,
      `${header}.${payload}`,
      header,
    ],
  ),
  encodingAttack('quotes', 'in quotes or brackets', 'RFC 6265 §4.1.1; RFC 9110 §5.6.4', ({ text }) => [
    `"${text}"`,
    `'${text}'`,
    `<${text}>`,
    `[${text}]`,
    `"${text}`,
    `Bearer${text}`,
    `token="${text}"`,
  ]),
];
