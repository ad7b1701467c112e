import {
  type Attack,
  CREDENTIAL_INVALID,
  HEADERS_TOO_LARGE,
  NO_CREDENTIAL,
  TOKEN_INVALID,
} from '../attack.ts';
import { requestAttack } from '../request-attack.ts';
import { asBearer, asCookie, PROXIED_PATH, posted, rawRequest } from '../requests.ts';

const KIB = 1024;
const FORM = 'application/x-www-form-urlencoded';

const bearer = (token: string): string => `Authorization: Bearer ${token}`;

const OTHER_PLACES: Attack[] = [
  requestAttack(
    'other-scheme',
    'a live token under another scheme, or under none',
    'RFC 6750 §2.1; RFC 7617; RFC 9449 §7.1',
    CREDENTIAL_INVALID,
    ({ live }) => [
      ...['Basic', 'DPoP', 'Token', 'JWT', 'OAuth', 'Bearer:', 'Bearer=', 'Bearerx', 'MAC'].map((scheme) => [
        `Authorization: ${scheme} ${live.text}`,
      ]),
      [`Authorization: ${live.text}`],
      [`Authorization: Basic ${Buffer.from(`bearer:${live.text}`).toString('base64')}`],
      [`Authorization: Bearer Bearer ${live.text}`],
      ['Authorization: Bearer'],
      ['Authorization:'],
    ],
  ),
  requestAttack(
    'other-header',
    'a live token in a header that is none of ours',
    'RFC 6750 §2: three places and no other',
    NO_CREDENTIAL,
    ({ live }) =>
      [
        'Proxy-Authorization',
        'X-Authorization',
        'X-Access-Token',
        'X-Auth-Token',
        'X-Forwarded-Authorization',
        'X-Original-Authorization',
        'Authentication',
        'Sec-WebSocket-Protocol',
        'Authorization_',
        'Authorization-',
      ].map((name) => [`${name}: Bearer ${live.text}`]),
  ),
  requestAttack(
    'other-cookie',
    'a live token in a cookie whose name only looks like ours',
    'RFC 6265 §5.4; RFC 6265bis §4.1.3',
    NO_CREDENTIAL,
    ({ live, cookieName }) =>
      [
        `${cookieName.toUpperCase()}`,
        `${cookieName} `,
        `x${cookieName}`,
        `__Secure-${cookieName}`,
        `$${cookieName}`,
        `a="; ${cookieName}x`,
        `a=b, ${cookieName}`,
        cookieName.replace('o', '%6f'),
      ].map((name) => [`Cookie: ${name}=${live.text}`]),
  ),
  {
    id: 'query',
    title: 'a live token in the query string, alone or beside a header',
    why: 'RFC 6750 §5.3; RFC 9700 §4.3.2: URLs end up in logs',
    build: (material) => {
      const { path, live } = material;
      const targets = ['access_token', 'token', 'ACCESS_TOKEN'].map((name) => `${path}?${name}=${live.text}`);
      return [
        ...targets.map((target) => rawRequest(material, { target })),
        rawRequest(material, { target: `${path}?a=b&access_token=${live.text}`, lines: [bearer(live.text)] }),
      ];
    },
    expect: CREDENTIAL_INVALID,
  },
  {
    id: 'query-disguised',
    title: 'a live token in the query string under a name that is encoded or our own',
    why: 'RFC 6750 §2.3, §5.3',
    build: (material) =>
      ['%61ccess_token', 'access%5Ftoken', 'authorization', 'jwt', 'bearer_token', material.cookieName].map(
        (name) => rawRequest(material, { target: `${material.path}?${name}=${material.live.text}` }),
      ),
    expect: NO_CREDENTIAL,
  },
  {
    id: 'body',
    title: 'a live token in a form or in JSON in the body',
    why: 'RFC 6750 §2.2, which the gateway does not offer',
    build: (material) => [
      posted(material.host, PROXIED_PATH, FORM, `access_token=${material.live.text}`),
      posted(
        material.host,
        PROXIED_PATH,
        'application/json',
        JSON.stringify({ access_token: material.live.text }),
      ),
    ],
    expect: NO_CREDENTIAL,
  },
];

const SIZES: Attack[] = [
  {
    id: 'token-8-kib',
    title: 'a token of 8 KiB, of nothing or around a live one',
    why: 'e-book ch. 3, complaint 4; RFC 8725 §2.9',
    build: (material) => {
      const { header, payload, signature } = material.live;
      const filling = 'A'.repeat(8 * KIB);
      return [
        filling,
        `${header}.${payload}.${signature}${filling}`,
        `${header}.${filling}.${signature}`,
      ].flatMap((token) => [asBearer(material, token), asCookie(material, token)]);
    },
    expect: { ...TOKEN_INVALID, alsoStatuses: HEADERS_TOO_LARGE.alsoStatuses ?? [] },
  },
  {
    id: 'token-1-mib',
    title: 'a token of 1 MiB in the header, in the cookie and in the URL',
    why: 'e-book ch. 3, complaint 4; RFC 6585 §5',
    build: (material) => {
      const token = `${material.live.text}${'A'.repeat(KIB * KIB)}`;
      const target = `${material.path}?access_token=${token}`;
      return [asBearer(material, token), asCookie(material, token), rawRequest(material, { target })];
    },
    expect: HEADERS_TOO_LARGE,
  },
];

export const CARRIER_ATTACKS: readonly Attack[] = [...OTHER_PLACES, ...SIZES];
