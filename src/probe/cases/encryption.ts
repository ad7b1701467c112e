import { CompactEncrypt } from 'jose';
import { type Attack, TOKEN_INVALID } from '../attack.ts';
import { encode } from '../forge.ts';
import type { Material } from '../material.ts';
import { bearers } from '../requests.ts';
import { byAStranger, trueHeader } from '../variations.ts';

/** Five parts (RFC 7516, section 7.1), encrypted to the gateway's public key: everybody can do that. */
function encrypted(material: Material, plaintext: string, cty?: string): Promise<string> {
  return new CompactEncrypt(Buffer.from(plaintext))
    .setProtectedHeader({
      ...trueHeader(material),
      alg: 'RSA-OAEP-256',
      enc: 'A256GCM',
      ...(cty === undefined ? {} : { cty }),
    })
    .encrypt(material.publicKey);
}

export const ENCRYPTION_ATTACKS: readonly Attack[] = [
  {
    id: 'jwe-to-public-key',
    title: "the claims encrypted to the gateway's public key in place of signed",
    why: 'RFC 8725 §2.3, §3.12; CVE-2023-51774',
    build: async (material) =>
      bearers(material, [await encrypted(material, JSON.stringify(material.live.claims))]),
    expect: TOKEN_INVALID,
  },
  {
    id: 'jwe-around-token',
    title: 'an unsigned, a foreign and a live token, encrypted to the public key',
    why: 'RFC 8725 §3.3; CVE-2026-29000',
    build: async (material) =>
      bearers(
        material,
        await Promise.all(
          [
            `${encode({ alg: 'none' })}.${material.live.payload}.`,
            byAStranger(material, {}),
            material.live.text,
          ].map((inner) => encrypted(material, inner, 'JWT')),
        ),
      ),
    expect: TOKEN_INVALID,
  },
  {
    id: 'jwe-costly',
    title: 'an encrypted token that asks for 2 147 483 647 rounds of key derivation',
    why: 'RFC 7518 §8.1; CVE-2022-36083; CVE-2023-50966',
    build: (material) => {
      const p2c = 2_147_483_647;
      const header = {
        alg: 'PBES2-HS512+A256KW',
        enc: 'A256GCM',
        p2s: 'c2FsdHNhbHQ',
        p2c,
        kid: material.live.kid,
      };
      return bearers(material, [
        [header, 'wrapped key', 'twelve bytes', 'ciphertext', 'tag'].map(encode).join('.'),
      ]);
    },
    expect: TOKEN_INVALID,
  },
  {
    id: 'jwe-direct',
    title: 'five parts without any encryption, some of a live token',
    why: 'RFC 7516 §5.2',
    build: (material) => {
      const { live } = material;
      const header = encode({ alg: 'dir', enc: 'A256GCM', kid: live.kid });
      return bearers(material, [
        `${header}..${encode('twelve bytes')}.${live.payload}.${encode('sixteen bytes...')}`,
        `${live.text}..`,
        `${live.header}.${live.payload}.${live.signature}.${live.payload}.${live.signature}`,
      ]);
    },
    expect: TOKEN_INVALID,
  },
];
