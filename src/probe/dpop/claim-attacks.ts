import { createHash } from 'node:crypto';
import { type Attack, NONCE_REQUIRED } from '../attack.ts';
import { forge } from '../forge.ts';
import { attackedRequest, type BoundContext, claimAttack, proofAttack } from './attacks.ts';
import { accessTokenHash, proofClaims, proofHeader } from './proof.ts';

const HTU = 'RFC 9449 §4.3, check 9';
const OTHER_TYPES = [undefined, null, '', 0, true, [], {}];

/** The right URL as text. */
const urlOf = ({ bound, path }: BoundContext): string => bound.publicUrl + path;

/** Proofs for URLs that look like the right one. That URL itself, also as browsers write it, is left out. */
const htuAttack = (
  id: string,
  title: string,
  looksLike: (url: string, parts: URL, context: BoundContext) => readonly unknown[],
): Attack =>
  claimAttack(`htu-${id}`, `a proof ${title}`, HTU, (context) => {
    const url = urlOf(context);
    const all = looksLike(url, new URL(url), context);
    return all.filter((htu) => htu !== url && htu !== new URL(url).href).map((htu) => ({ htu }));
  });

/** A URL with another port, or with the default port where there is none. */
function otherPorts(url: string, { protocol, host, hostname, port }: URL): string[] {
  const withHost = (other: string): string => url.replace(`//${host}`, `//${other}`);
  const fallback = protocol === 'https:' ? '443' : '80';
  const ports = [port || fallback, '0', `0${port || fallback}`, '', '80', '443', '8443'];
  return [withHost(hostname), ...ports.map((other) => withHost(`${hostname}:${other}`))];
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const HOUR = 3600;
/** Without a nonce, a proof counts by its time. */
const times = (seconds: readonly number[]): Record<string, unknown>[] =>
  seconds.map((offset) => ({ iat: nowSeconds() + offset, nonce: undefined }));

export const DPOP_CLAIM_ATTACKS: readonly Attack[] = [
  claimAttack('other-method', 'a proof for another method', 'RFC 9449 §4.3, check 8', () =>
    ['POST', 'HEAD', 'get', 'Get', 'GET ', '*', ...OTHER_TYPES].map((htm) => ({ htm })),
  ),
  claimAttack('other-url', 'a proof for another URL, or for none', HTU, ({ bound, path }) =>
    [
      `${bound.publicUrl}/auth/session`,
      `${bound.publicUrl}${path}/other`,
      `${bound.publicUrl}.attacker.example${path}`,
      `https://attacker.example${path}`,
      ...[path, bound.publicUrl, '*', ...OTHER_TYPES, [bound.publicUrl + path]],
    ].map((htu) => ({ htu })),
  ),
  htuAttack('scheme', 'for the URL with another scheme', (url, { protocol }) => [
    url.replace(protocol, protocol === 'https:' ? 'http:' : 'https:'),
    ...['ws:', 'wss:', ''].map((scheme) => url.replace(protocol, scheme)),
  ]),
  htuAttack('case', 'for the URL in other letters', (url, { protocol, host, pathname }) => [
    url.replace(protocol, protocol.toUpperCase()),
    url.replace(host, host.toUpperCase()),
    url.replace(pathname, pathname.toUpperCase()),
    url.toUpperCase(),
  ]),
  htuAttack('port', 'for the URL with another port, or with the default port', otherPorts),
  htuAttack('slash', 'for the URL with one slash more or less', (url, { host, pathname }) => [
    `${url}/`,
    `${url}//`,
    url.replace(pathname, `/${pathname}`),
    url.replace(pathname, pathname.slice(1)),
    url.replace(`//${host}`, `/${host}`),
  ]),
  htuAttack('encoded', 'for the URL in percent-encoding or Unicode', (url, { host, pathname }) => {
    const letter = pathname.slice(1, 2);
    const hex = letter.charCodeAt(0).toString(16);
    const others = [`%${hex}`, `%${hex.toUpperCase()}`, `%25${hex}`];
    return [
      ...others.map((encoded) => url.replace(`/${letter}`, `/${encoded}`)).filter((other) => other !== url),
      url.replace(pathname, pathname.replaceAll('/', '%2f')),
      url.replace(pathname, pathname.replaceAll('/', '\\')),
      url.replace(host, encodeURIComponent(host)),
      `${url}%00`,
      `${url}\0`,
      `${url}\u200b`,
    ];
  }),
  htuAttack('fragment', 'for the URL with a fragment or a query', (url) => [
    `${url}#`,
    `${url}#fragment`,
    `${url}?`,
    `${url}?a=b`,
    `${url};a=b`,
  ]),
  htuAttack('user', 'for the URL with user information', (url, { host }) => [
    url.replace(host, `user@${host}`),
    url.replace(host, `user:password@${host}`),
    url.replace(host, `@${host}`),
    url.replace(host, `${host}@attacker.example`),
  ]),
  htuAttack('dots', 'for the URL with dot segments, or with a dot after the host', (url, parts) => [
    url.replace(parts.pathname, `/.${parts.pathname}`),
    url.replace(parts.pathname, `/x/..${parts.pathname}`),
    `${url}/.`,
    `${url}/../${parts.pathname.split('/').at(-1)}`,
    url.replace(parts.host, `${parts.hostname}.${parts.port === '' ? '' : `:${parts.port}`}`),
  ]),
  htuAttack('space', 'for the URL with white space', (url) => [` ${url}`, `${url} `, `${url}\n`, `\t${url}`]),
  claimAttack(
    'iat-old',
    'a proof of the past',
    'RFC 9449 §4.3, check 11; §11.1',
    () => times([-HOUR, -24 * HOUR, -nowSeconds()]),
    NONCE_REQUIRED,
  ),
  claimAttack(
    'iat-future',
    'a proof of the future',
    'RFC 9449 §4.3, check 11; §11.2: prepared proofs',
    () => times([HOUR, 24 * HOUR, 1e9]),
    NONCE_REQUIRED,
  ),
  claimAttack(
    'iat',
    'a proof whose iat is missing, or not a whole number',
    'RFC 9449 §4.2; RFC 7519 §2',
    () =>
      [...OTHER_TYPES.filter((value) => value !== 0), `${nowSeconds()}`, nowSeconds() + 0.5, -1, 1e300].map(
        (iat) => ({ iat }),
      ),
  ),
  claimAttack(
    'jti',
    'a proof whose jti is missing, empty, too long or not a string',
    'RFC 9449 §4.2, §11.1',
    () => [...OTHER_TYPES, 'a'.repeat(2000)].map((jti) => ({ jti })),
  ),
  claimAttack('ath-missing', 'a proof without the hash of the access token', 'RFC 9449 §4.3, check 12', () =>
    OTHER_TYPES.map((ath) => ({ ath })),
  ),
  claimAttack(
    'other-token',
    'a proof for another access token, or with its hash in another form',
    'RFC 9449 §4.2, §7.1: ath binds the proof to one token',
    ({ bound, live, loggedOut }) => {
      const right = accessTokenHash(bound.access);
      const digest = createHash('sha256').update(bound.access).digest();
      return [
        ...[live.text, loggedOut.text, bound.refresh, '', `DPoP ${bound.access}`].map(accessTokenHash),
        ...[`${right}=`, right.slice(0, -1), digest.toString('hex'), digest.toString('base64'), [right]],
        createHash('sha512').update(bound.access).digest('base64url'),
        bound.access,
      ].map((ath) => ({ ath }));
    },
  ),
  proofAttack(
    'duplicates',
    'a proof with two values of one claim, of which the last is wrong',
    'RFC 7519 §4: duplicate names are refused, or the last counts',
    (context) => {
      const { bound } = context;
      const claims = JSON.stringify(proofClaims(bound, attackedRequest(context)));
      const wrong = { htm: 'POST', htu: `${bound.publicUrl}/auth/session`, ath: '', jti: '' };
      return Object.entries(wrong).map(([name, value]) => {
        const payload = claims.replace(/}$/, `,"${name}":${JSON.stringify(value)}}`);
        return forge({ header: proofHeader(bound), payload, algorithm: 'ES256', key: bound.key });
      });
    },
  ),
];
