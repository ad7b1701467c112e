import {
  type Attack,
  type AttackContext,
  CREDENTIAL_INVALID,
  HEADERS_TOO_LARGE,
  NO_CREDENTIAL,
  TOKEN_INVALID,
} from '../attack.ts';
import { bearer, credentialAttack, PROXIED_PATH, post, requestAttack } from '../requests.ts';

const cookie = ({ cookieName }: AttackContext, token: string): string => `Cookie: ${cookieName}=${token}`;

const OTHER_HEADERS = [
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
];

export const CREDENTIAL_ATTACKS: readonly Attack[] = [
  requestAttack(
    'two-headers',
    'two Authorization headers, equal or different, in either order',
    'RFC 6750 §2: one method, one token; RFC 9110 §5.3',
    CREDENTIAL_INVALID,
    ({ live, loggedOut }) => [
      [bearer(live.text), bearer(live.text)],
      [bearer(live.text), bearer(loggedOut.text)],
      [bearer(loggedOut.text), bearer(live.text)],
      [bearer(live.text), 'authorization: Basic Ym9iOmJvYg=='],
      ['AUTHORIZATION:', bearer(live.text)],
    ],
  ),
  requestAttack(
    'header-and-cookie',
    'a bearer token and a cookie in one request',
    'RFC 6750 §2: one method in each request',
    CREDENTIAL_INVALID,
    (context) => {
      const [live, loggedOut] = [context.live.text, context.loggedOut.text];
      return [
        [bearer(live), cookie(context, live)],
        [bearer(loggedOut), cookie(context, live)],
        [bearer(live), cookie(context, loggedOut)],
        [bearer(live), cookie(context, '')],
      ];
    },
  ),
  requestAttack(
    'two-cookies',
    'the session cookie twice, in one header or in two',
    'RFC 6265 §4.2.2: cookie tossing from a sibling domain',
    CREDENTIAL_INVALID,
    (context) => {
      const { live, loggedOut, cookieName } = context;
      return [
        [`${cookie(context, live.text)}; ${cookieName}=${loggedOut.text}`],
        [`${cookie(context, loggedOut.text)}; ${cookieName}=${live.text}`],
        [cookie(context, live.text), cookie(context, live.text)],
        [`${cookie(context, '')}; a=b; ${cookieName}=${live.text}`],
      ];
    },
  ),
  requestAttack(
    'joined-by-comma',
    'two credentials in one header, separated by a comma',
    'RFC 9110 §5.3: Authorization is not a list',
    CREDENTIAL_INVALID,
    ({ live, loggedOut }) => [
      [`${bearer(live.text)},Bearer ${loggedOut.text}`],
      [`${bearer(live.text)}, Bearer ${live.text}`],
      [`${bearer(live.text)},`],
      [bearer(`,${live.text}`)],
      [`Authorization: Basic Ym9iOmJvYg==, Bearer ${live.text}`],
    ],
  ),
  requestAttack(
    'other-scheme',
    'a live token with another authentication scheme or with none',
    'RFC 6750 §2.1; RFC 7617',
    CREDENTIAL_INVALID,
    ({ live: { text } }) =>
      [
        ...['Basic', 'Token', 'JWT', 'OAuth', 'Bearer:', 'Bearer=', 'Bearerx', 'MAC'].map(
          (scheme) => ` ${scheme} ${text}`,
        ),
        ` ${text}`,
        ` Basic ${Buffer.from(`bearer:${text}`).toString('base64')}`,
        ` Bearer Bearer ${text}`,
        ' Bearer',
        '',
      ].map((value) => [`Authorization:${value}`]),
  ),
  requestAttack(
    'other-header',
    'a live token in a header that the gateway does not read',
    'RFC 6750 §2: only three methods',
    NO_CREDENTIAL,
    ({ live }) => OTHER_HEADERS.map((name) => [`${name}: Bearer ${live.text}`]),
  ),
  requestAttack(
    'other-cookie',
    'a live token in a cookie with a similar name',
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
  requestAttack(
    'query',
    'a live token in the query string, with or without a bearer token',
    'RFC 6750 §5.3; RFC 9700 §4.3.2: URLs are logged',
    CREDENTIAL_INVALID,
    ({ path, live: { text } }) => [
      ...['access_token', 'token', 'ACCESS_TOKEN'].map((name) => ({ target: `${path}?${name}=${text}` })),
      { target: `${path}?a=b&access_token=${text}`, lines: [bearer(text)] },
    ],
  ),
  requestAttack(
    'query-disguised',
    'a live token in the query string under another or a percent-encoded name',
    'RFC 6750 §2.3, §5.3',
    NO_CREDENTIAL,
    ({ path, live, cookieName }) =>
      ['%61ccess_token', 'access%5Ftoken', 'authorization', 'jwt', 'bearer_token', cookieName].map(
        (name) => ({ target: `${path}?${name}=${live.text}` }),
      ),
  ),
  requestAttack(
    'body',
    'a live token in the body, as a form field or in JSON',
    'RFC 6750 §2.2, which the gateway does not support',
    NO_CREDENTIAL,
    ({ live: { text } }) => [
      post(PROXIED_PATH, 'application/x-www-form-urlencoded', `access_token=${text}`),
      post(PROXIED_PATH, 'application/json', JSON.stringify({ access_token: text })),
    ],
  ),
  credentialAttack(
    'token-8-kib',
    'a token of 8 KiB, with or without the parts of a live one',
    'Redis e-book ch. 3, criticism 4; RFC 8725 §2.9',
    ({ live: { header, payload, signature } }) => {
      const padding = 'A'.repeat(8192);
      return [padding, `${header}.${payload}.${signature}${padding}`, `${header}.${padding}.${signature}`];
    },
    { ...TOKEN_INVALID, alsoStatuses: HEADERS_TOO_LARGE.alsoStatuses ?? [] },
  ),
];
