import { type Attack, type AttackContext, CROSS_SITE } from '../attack.ts';
import { post, type RequestParts, requestAttack } from '../requests.ts';
import { refreshCookieOf, withRefreshCookies } from './refresh.ts';

/** Header lines by which a browser tells the site of the page that sends a request (Fetch Metadata, section 2.1). */
const OTHER_SITES = [
  ['Origin: https://evil.example'],
  ['Origin: https://evil.example', 'Sec-Fetch-Site: cross-site'],
  ['Origin: null', 'Sec-Fetch-Site: cross-site'],
  ['Origin: null'],
  ['Sec-Fetch-Site: cross-site'],
  ['Sec-Fetch-Site: same-site'],
  [],
];

/** Requests with the cookie that would change something, of kinds that a form or a script of any page can send. */
function writes(context: AttackContext): RequestParts[] {
  const lines = [`Cookie: ${context.cookieName}=${context.live.text}`];
  const account = '/bank/accounts/AAAAAAAAAAAAAAAAAAAAAA/transfers';
  return [
    post(account, 'text/plain', '{}', lines),
    post(account, 'application/x-www-form-urlencoded', 'a=b', lines),
    { method: 'DELETE', target: '/auth/sessions', lines },
    { method: 'POST', target: '/auth/logout', lines: [...lines, 'Content-Length: 0'] },
  ];
}

const withLines = ({ lines = [], ...parts }: RequestParts, added: readonly string[]): RequestParts => ({
  ...parts,
  lines: [...lines, ...added],
});

export const CROSS_SITE_ATTACKS: readonly Attack[] = [
  requestAttack(
    'cross-site-write',
    'a write with the session cookie, from another site or with no site named',
    'OWASP CSRF, RFC 6265bis §8.8: cookies are sent with requests of any page',
    CROSS_SITE,
    (context) => writes(context).flatMap((write) => OTHER_SITES.map((site) => withLines(write, site))),
  ),
  requestAttack(
    'refresh-cross-site',
    'a cross-site refresh with the cookie',
    'OWASP CSRF, RFC 6265bis §8.8',
    CROSS_SITE,
    (context) => OTHER_SITES.map((lines) => withRefreshCookies([refreshCookieOf(context)], lines)),
  ),
];
