import { createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { promisify } from 'node:util';
import type { AttackerKeys } from './attack.ts';

const RSA_BITS = 2048;
const generate = promisify(generateKeyPair);

export async function generateAttackerKeys(): Promise<AttackerKeys> {
  const [rsa, p256, p384, p521, ed25519] = await Promise.all([
    generate('rsa', { modulusLength: RSA_BITS }),
    generate('ec', { namedCurve: 'P-256' }),
    generate('ec', { namedCurve: 'P-384' }),
    generate('ec', { namedCurve: 'P-521' }),
    generate('ed25519'),
  ]);
  return {
    rsa: rsa.privateKey,
    p256: p256.privateKey,
    p384: p384.privateKey,
    p521: p521.privateKey,
    ed25519: ed25519.privateKey,
  };
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

const SHA256_WITH_RSA = Buffer.from('06092a864886f70d01010b0500', 'hex');
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const SUBJECT_ALTERNATIVE_NAME = Buffer.from('0603551d11', 'hex');
const DAY_MS = 86_400_000;

/**
 * A self-signed certificate for `host` in DER (X.509 v3, RFC 5280, section 4.1), as an attacker would put it into
 * `x5c`. Valid from one day before `nowMs` to one day after.
 */
export function selfSignedCertificate(privateKey: KeyObject, host: string, nowMs: number): Buffer {
  const algorithm = der(SEQUENCE, SHA256_WITH_RSA);
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from(host.slice(0, 64))))),
  );
  const validity = der(SEQUENCE, utcTime(nowMs - DAY_MS), utcTime(nowMs + DAY_MS));
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const toBeSigned = der(
    SEQUENCE,
    der(VERSION, der(INTEGER, Buffer.of(2))),
    der(INTEGER, Buffer.of(1)),
    algorithm,
    name,
    validity,
    name,
    publicKey,
    subjectAlternativeName(host),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  return der(SEQUENCE, toBeSigned, algorithm, der(BIT_STRING, Buffer.of(0), signature));
}

function subjectAlternativeName(host: string): Buffer {
  const name = isIPv4(host)
    ? der(IP_ADDRESS, Buffer.from(host.split('.').map(Number)))
    : der(DNS_NAME, Buffer.from(host));
  const extension = der(SEQUENCE, SUBJECT_ALTERNATIVE_NAME, der(OCTET_STRING, der(SEQUENCE, name)));
  return der(EXTENSIONS, der(SEQUENCE, extension));
}

const utcTime = (ms: number): Buffer =>
  der(UTC_TIME, Buffer.from(new Date(ms).toISOString().replace(/^20|[-:T]|\.\d+/g, '')));

/** One DER value (X.690, section 8.1): tag, length, content. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const bytes = Buffer.from(length.toString(16).padStart(4, '0'), 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 + bytes.length), bytes, content]);
}
