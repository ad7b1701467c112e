import { type Attack, CREDENTIAL_INVALID } from '../attack.ts';
import type { Material } from '../material.ts';
import { requestAttack } from '../request-attack.ts';

const bearer = (token: string): string => `Authorization: Bearer ${token}`;
const cookie = ({ cookieName }: Material, token: string): string => `Cookie: ${cookieName}=${token}`;

export const TWO_CREDENTIALS_ATTACKS: readonly Attack[] = [
  requestAttack(
    'two-headers',
    'two Authorization headers, equal or not, in either order',
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
    'a header and a cookie at the same time',
    'RFC 6750 §2: one method in each request',
    CREDENTIAL_INVALID,
    (material) => {
      const { live, loggedOut } = material;
      return [
        [bearer(live.text), cookie(material, live.text)],
        [bearer(loggedOut.text), cookie(material, live.text)],
        [bearer(live.text), cookie(material, loggedOut.text)],
        [bearer(live.text), cookie(material, '')],
      ];
    },
  ),
  requestAttack(
    'two-cookies',
    'the cookie twice, in one header or in two',
    'RFC 6265 §4.2.2: cookie tossing from a sibling domain',
    CREDENTIAL_INVALID,
    (material) => {
      const { live, loggedOut, cookieName } = material;
      return [
        [`${cookie(material, live.text)}; ${cookieName}=${loggedOut.text}`],
        [`${cookie(material, loggedOut.text)}; ${cookieName}=${live.text}`],
        [cookie(material, live.text), cookie(material, live.text)],
        [`${cookie(material, '')}; a=b; ${cookieName}=${live.text}`],
      ];
    },
  ),
  requestAttack(
    'joined-by-comma',
    'two credentials in one header, joined by a comma',
    'RFC 9110 §5.3: Authorization is no list',
    CREDENTIAL_INVALID,
    ({ live, loggedOut }) => [
      [`${bearer(live.text)},Bearer ${loggedOut.text}`],
      [`${bearer(live.text)}, Bearer ${live.text}`],
      [`${bearer(live.text)},`],
      [bearer(`,${live.text}`)],
      [`Authorization: Basic Ym9iOmJvYg==, Bearer ${live.text}`],
    ],
  ),
];
