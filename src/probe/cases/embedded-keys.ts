import { createHash, createPublicKey } from 'node:crypto';
import { type Attack, TOKEN_INVALID } from '../attack.ts';
import type { Material } from '../material.ts';
import { bearers } from '../requests.ts';
import { selfSignedCertificate } from '../self-signed.ts';
import { byAStranger, trueHeader } from '../variations.ts';

/**
 * Tokens that bring their own key along, or say where to fetch it. Each is signed with an attacker's key, by the
 * gateway's algorithm and by RS256, under the live kid, a kid of its own and none.
 */
const broughtAlong = (id: string, title: string, why: string, members: MembersOf): Attack => ({
  id,
  title: `a token signed with an attacker's key, ${title}`,
  why,
  build: (material) =>
    bearers(
      material,
      members(material).flatMap((extra) => signedWith(material, extra)),
    ),
  expect: TOKEN_INVALID,
});

type MembersOf = (material: Material) => Record<string, unknown>[];

function signedWith(material: Material, extra: Record<string, unknown>): string[] {
  const header = { ...trueHeader(material), ...extra };
  return [
    byAStranger(material, { header }),
    byAStranger(material, { header: { ...header, kid: 'attacker' } }),
    byAStranger(material, { header: { ...header, kid: undefined } }),
    byAStranger(material, { header: { ...header, alg: 'RS256' }, algorithm: 'RS256' }),
  ];
}

const attackersJwk = ({ foreign }: Material) => createPublicKey(foreign.rsa).export({ format: 'jwk' });

/** What a fetcher could be talked into: another host, this machine, a file, the key itself in the URL. */
function lures(material: Material): string[] {
  const { lureUrl, host } = material;
  const keySet = JSON.stringify({ keys: [{ ...attackersJwk(material), kid: material.live.kid }] });
  return [
    lureUrl,
    `http://${host}@${new URL(lureUrl).host}/keys.json`,
    `${lureUrl}#/.well-known/jwks.json`,
    'file:///etc/passwd',
    `data:application/json;base64,${Buffer.from(keySet).toString('base64')}`,
  ];
}

function certificateOf(material: Material): Buffer {
  const { hostname } = new URL(`https://${material.host}`);
  return selfSignedCertificate(material.foreign.rsa, hostname, Date.now());
}

const thumbprint = (hash: string, bytes: Buffer): string =>
  createHash(hash).update(bytes).digest('base64url');

export const EMBEDDED_KEY_ATTACKS: readonly Attack[] = [
  broughtAlong(
    'jwk',
    'with the public half in jwk',
    'RFC 7515 §4.1.3; RFC 8725 §3.10; CVE-2018-0114; CVE-2026-27962',
    (material) => [
      { jwk: attackersJwk(material) },
      { jwk: { ...attackersJwk(material), kid: material.live.kid, alg: 'PS256', use: 'sig' } },
    ],
  ),
  broughtAlong(
    'jku',
    'with a jku that leads to the public half',
    'RFC 7515 §4.1.2; RFC 8725 §2.9, §3.10',
    (material) => lures(material).map((jku) => ({ jku })),
  ),
  broughtAlong(
    'x5u',
    'with an x5u that leads to a certificate',
    'RFC 7515 §4.1.5; RFC 8725 §2.9, §3.10',
    (material) => lures(material).map((x5u) => ({ x5u })),
  ),
  broughtAlong('x5c', 'with a certificate of it in x5c', 'RFC 7515 §4.1.6; RFC 8725 §3.10', (material) => [
    { x5c: [certificateOf(material).toString('base64')] },
  ]),
  broughtAlong('x5t', "with a certificate's thumbprint in x5t", 'RFC 7515 §4.1.7, §4.1.8', (material) => {
    const certificate = certificateOf(material);
    return [{ x5t: thumbprint('sha1', certificate) }, { 'x5t#S256': thumbprint('sha256', certificate) }];
  }),
];
