import { type Attack, CREDENTIAL_INVALID, MALFORMED, type Refused, TOKEN_INVALID } from '../attack.ts';
import type { IssuedToken } from '../material.ts';
import { asCookie, bearers, bothWays } from '../requests.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

interface Spelling {
  id: string;
  /** What the token of this spelling is like, after "a live token …". */
  title: string;
  why: string;
  spell: (live: IssuedToken) => string[];
  /** What the `Authorization` header and the cookie are answered with, where it isn't 401 `token_invalid`. */
  inHeader?: Refused;
  inCookie?: Refused;
}

/** The same text with something put into it: after the first part's third letter, at both dots, and before all. */
const inserted = ({ text, header, payload }: IssuedToken, what: string): string[] =>
  [3, header.length, header.length + 1 + payload.length, text.length - 3, 0].map(
    (at) => text.slice(0, at) + what + text.slice(at),
  );

/** Each other last letter of a part that decodes to the same bytes (RFC 4648, section 3.5). */
const spareBits = (part: string): string[] =>
  [...ALPHABET]
    .map((letter) => part.slice(0, -1) + letter)
    .filter(
      (other) => other !== part && Buffer.from(other, 'base64url').equals(Buffer.from(part, 'base64url')),
    );

const percent = (letter: string): string => `%${letter.charCodeAt(0).toString(16)}`;

const SPELLINGS: Spelling[] = [
  {
    id: 'spare-bits',
    title: 'with other spare bits in the last letter of a part',
    why: 'RFC 4648 §3.5; e-book ch. 3, complaint 6: such a token would outlive its log-out',
    spell: ({ header, payload, signature }) => [
      ...spareBits(signature).map((other) => `${header}.${payload}.${other}`),
      ...spareBits(payload).map((other) => `${header}.${other}.${signature}`),
      ...spareBits(header).map((other) => `${other}.${payload}.${signature}`),
    ],
  },
  {
    id: 'padding',
    title: 'with padding',
    why: 'RFC 7515 §2: without padding; RFC 4648 §3.2',
    spell: ({ text, header, payload, signature }) => [
      `${text}=`,
      `${text}==`,
      `${header}=.${payload}.${signature}`,
      `${header}.${payload}==.${signature}`,
      `${header}=.${payload}=.${signature}=`,
    ],
  },
  {
    id: 'other-alphabet',
    title: "in base64's other alphabet, or with letters that decoders skip",
    why: 'RFC 4648 §3.3, §5',
    spell: (live) =>
      [
        live.text.replaceAll('-', '+').replaceAll('_', '/'),
        ...['!', '*', '~', ':', '@', '$'].flatMap((letter) => inserted(live, letter)),
      ].filter((other) => other !== live.text),
  },
  {
    id: 'spaces',
    title: 'with a space or a tab in it',
    why: 'RFC 4648 §3.3; RFC 6750 §2.1',
    spell: (live) => [...inserted(live, ' '), ...inserted(live, '\t')],
    inHeader: CREDENTIAL_INVALID,
  },
  {
    id: 'line-breaks',
    title: 'with a line break in it, or folded over lines',
    why: 'RFC 9112 §5.2; RFC 4648 §3.1',
    spell: (live) =>
      ['\n', '\r', '\r\n', '\r\n ', '\r\n\t'].flatMap((what) => inserted(live, what).slice(0, 3)),
    inHeader: MALFORMED,
    inCookie: MALFORMED,
  },
  {
    id: 'controls',
    title: 'with a control character in it',
    why: 'RFC 9110 §5.5',
    spell: (live) =>
      ['\0', '\x01', '\x08', '\x0b', '\x0c', '\x1f', '\x7f'].flatMap((what) => inserted(live, what)[1] ?? []),
    inHeader: MALFORMED,
    inCookie: MALFORMED,
  },
  {
    id: 'non-ascii',
    title: 'with a letter outside ASCII, some of them invisible',
    why: 'RFC 8725 §2.6; RFC 6750 §2.1',
    spell: (live) => [
      ...['\u00e9', '\u200b', '\ufeff', '\u202e'].flatMap((what) => inserted(live, what)),
      live.text.replace('e', '\uff45'),
      live.text.replaceAll('.', '\uff0e'),
    ],
  },
  {
    id: 'percent',
    title: 'percent-encoded, as a whole or in part',
    why: 'RFC 3986 §2.1; RFC 6265 §5.2: a value is taken as it is',
    spell: ({ text, header, payload, signature }) => [
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
  },
  {
    id: 'dots',
    title: 'with a dot or a part too many or too few',
    why: 'RFC 7515 §7.1: exactly three parts',
    spell: ({ text, header, payload, signature }) => [
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
  },
  {
    id: 'quotes',
    title: 'in quotes or brackets',
    why: 'RFC 6265 §4.1.1; RFC 9110 §5.6.4',
    spell: ({ text }) => [
      `"${text}"`,
      `'${text}'`,
      `<${text}>`,
      `[${text}]`,
      `"${text}`,
      `Bearer${text}`,
      `token="${text}"`,
    ],
  },
];

/** In the header and in the cookie: one attack where both are answered alike, else two. */
const carried = ({
  id,
  title,
  why,
  spell,
  inHeader = TOKEN_INVALID,
  inCookie = TOKEN_INVALID,
}: Spelling): Attack[] => {
  const attack = { id: `spelling-${id}`, title: `a live token ${title}`, why };
  if (inHeader === inCookie)
    return [{ ...attack, build: (material) => bothWays(material, spell(material.live)), expect: inHeader }];
  const byCookie = { id: `${attack.id}-cookie`, title: `${attack.title}, in the cookie`, why };
  return [
    { ...attack, build: (material) => bearers(material, spell(material.live)), expect: inHeader },
    {
      ...byCookie,
      build: (material) => spell(material.live).map((text) => asCookie(material, text)),
      expect: inCookie,
    },
  ];
};

export const SPELLING_ATTACKS: readonly Attack[] = SPELLINGS.flatMap(carried);
