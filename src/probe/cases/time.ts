import { type Attack, TOKEN_EXPIRED } from '../attack.ts';
import { claiming } from './claims.ts';

const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const HOUR = 3600;

/** Instants that no clock shows: beyond integers, beyond doubles, before the epoch, between two seconds. */
const IMPOSSIBLE = [1e15, 1e300, 2 ** 53, -1, -1e15];

export const TIME_ATTACKS: readonly Attack[] = [
  claiming(
    'exp-past',
    'that has expired',
    'e-book ch. 3, complaint 3; RFC 7519 §4.1.4',
    () => {
      const now = nowSeconds();
      return [now, now - 1, now - HOUR, 0].map((exp) => ({ exp, iat: exp - 60, auth_time: exp - 60 }));
    },
    TOKEN_EXPIRED,
  ),
  claiming('exp-fraction', 'that expires between two seconds', 'RFC 7519 §2, §4.1.4', ({ exp }) => [
    { exp: Number(exp) + 0.5 },
    { exp: Number(exp) - 0.001 },
  ]),
  claiming(
    'exp-negative',
    'that expired before the epoch',
    'RFC 7519 §4.1.4',
    () => [{ exp: -1 }, { exp: -1e15 }],
    TOKEN_EXPIRED,
  ),
  claiming('exp-huge', 'that never expires', 'e-book ch. 3, complaint 3; RFC 8725 §3.1', ({ exp }) => [
    { exp: 1e15 },
    { exp: 2 ** 53 },
    { exp: 1e300 },
    { exp: Number(exp) * 1000 },
    { exp: Number(exp) + 31 * 24 * HOUR },
  ]),
  claiming('exp-text', 'whose exp is a number in a text', 'RFC 7519 §2', ({ exp }) => [
    { exp: `${exp}` },
    { exp: 'Infinity' },
    { exp: 'never' },
    { exp: [exp] },
  ]),
  claiming('iat-future', 'that is issued in the future', 'RFC 9068 §4; RFC 7519 §4.1.6', () =>
    [60, HOUR, 24 * HOUR].map((ahead) => {
      const iat = nowSeconds() + ahead;
      return { iat, auth_time: iat, exp: iat + 60 };
    }),
  ),
  claiming('iat-impossible', 'that is issued at no possible time', 'RFC 7519 §2', ({ iat }) =>
    [...IMPOSSIBLE, Number(iat) + 0.5, `${iat}`].map((value) => ({ iat: value })),
  ),
  claiming('iat-after-exp', 'that is issued when it has expired', 'RFC 7519 §4.1.6', ({ exp }) => [
    { iat: exp },
    { iat: Number(exp) + 1 },
  ]),
  claiming('auth-time-future', 'whose log-in is yet to come', 'RFC 9068 §2.2.1', ({ iat }) => [
    { auth_time: Number(iat) + 1 },
    { auth_time: Number(iat) + HOUR },
  ]),
  claiming('auth-time-impossible', 'whose log-in was at no possible time', 'RFC 9068 §2.2.1', ({ iat }) =>
    [...IMPOSSIBLE, Number(iat) - 0.5, `${iat}`].map((value) => ({ auth_time: value })),
  ),
  claiming('nbf', 'that is not yet to be used, or says from when on', 'RFC 7519 §4.1.5', ({ iat }) => [
    { nbf: nowSeconds() + HOUR },
    { nbf: iat },
    { nbf: 'tomorrow' },
    { nbf: null },
  ]),
];
