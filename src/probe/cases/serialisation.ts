import { deflateRawSync } from 'node:zlib';
import { type Attack, CREDENTIAL_INVALID, TOKEN_INVALID } from '../attack.ts';
import { encode } from '../forge.ts';
import type { Material } from '../material.ts';
import { bearers, PROXIED_PATH, rawRequest } from '../requests.ts';
import { byAStranger, byTheSigner, trueHeader, withHeader } from '../variations.ts';

/** The live token in the JSON serialisations (RFC 7515, section 7.2). */
const flattened = ({ live }: Material): string =>
  JSON.stringify({ payload: live.payload, protected: live.header, signature: live.signature });
const general = ({ live }: Material): string =>
  JSON.stringify({
    payload: live.payload,
    signatures: [{ protected: live.header, signature: live.signature }],
  });
const unprotected = (material: Material): string =>
  JSON.stringify({
    payload: material.live.payload,
    header: { ...trueHeader(material), alg: 'none' },
    signature: '',
  });

/** A text that one parser takes for a genuine JSON serialisation and another for a forged compact one. */
function polyglot({ live }: Material): string {
  const forged = encode({ ...live.claims, sub: 'attacker' });
  const genuine = `"protected":"${live.header}","payload":"${live.payload}","signature":"${live.signature}"`;
  return `{"${live.header}.${forged}.":"",${genuine}}`;
}

export const SERIALISATION_ATTACKS: readonly Attack[] = [
  {
    id: 'json-serialisation',
    title: 'a live token in the JSON serialisations in place of the compact one',
    why: 'RFC 7519 §3: JWTs are always compact; CVE-2022-39227',
    build: (material) =>
      bearers(material, [flattened(material), general(material), unprotected(material), polyglot(material)]),
    expect: CREDENTIAL_INVALID,
  },
  {
    id: 'json-encoded',
    title: 'a live token in the JSON serialisations, encoded once more',
    why: 'RFC 7519 §3; CVE-2022-39227',
    build: (material) =>
      bearers(material, [
        encode(flattened(material)),
        `${encode(flattened(material))}..`,
        `${encode(general(material))}.${material.live.payload}.${material.live.signature}`,
        encode(material.live.text),
      ]),
    expect: TOKEN_INVALID,
  },
  {
    id: 'detached-payload',
    title: 'a live token without its payload, which comes in the body',
    why: 'RFC 7515 appendix F',
    build: (material) => {
      const { header, payload, signature } = material.live;
      return ['GET', 'POST'].map((method) =>
        rawRequest(material, {
          method,
          target: PROXIED_PATH,
          lines: [`Authorization: Bearer ${header}..${signature}`, `Content-Length: ${payload.length}`],
          body: payload,
        }),
      );
    },
    expect: TOKEN_INVALID,
  },
  {
    id: 'nested',
    title: 'a token whose payload is a live token',
    why: 'RFC 7519 §5.2; RFC 8725 §2.3, §3.3',
    build: (material) => {
      const header = { ...trueHeader(material), cty: 'JWT' };
      const payload = material.live.text;
      return bearers(material, [
        byAStranger(material, { header, payload }),
        byTheSigner(material, { header, payload }),
        byTheSigner(material, { payload }),
        `${encode({ alg: 'none', cty: 'JWT' })}.${encode(payload)}.`,
      ]);
    },
    expect: TOKEN_INVALID,
  },
  {
    id: 'compressed',
    title: 'a token with a compressed payload',
    why: 'RFC 8725 §3.6; RFC 7516 §4.1.3; CVE-2024-28176',
    build: (material) => {
      const payload = deflateRawSync(JSON.stringify(material.live.claims));
      const bomb = deflateRawSync(Buffer.alloc(1024 * 1024, '{'));
      const header = { ...trueHeader(material), zip: 'DEF' };
      return bearers(material, [
        byTheSigner(material, { header, payload }),
        byTheSigner(material, { header, payload: bomb }),
        withHeader(material, { zip: 'DEF' }),
        byTheSigner(material, { payload }),
      ]);
    },
    expect: TOKEN_INVALID,
  },
];
