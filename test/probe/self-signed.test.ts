import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { selfSignedCertificate } from '../../src/probe/self-signed.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const NOW_MS = Date.UTC(2026, 10, 20, 12);

test('the certificate is one that a verifier without a root of trust would believe', () => {
  const certificate = new X509Certificate(selfSignedCertificate(privateKey, 'bank.example', NOW_MS));
  expect(certificate.subject).toBe('CN=bank.example');
  expect(certificate.checkHost('bank.example')).toBe('bank.example');
  expect(certificate.verify(createPublicKey(privateKey))).toBe(true);
  expect(certificate.checkIssued(certificate)).toBe(true);
  expect(Date.parse(certificate.validFrom)).toBe(NOW_MS - 86_400_000);
  expect(Date.parse(certificate.validTo)).toBe(NOW_MS + 86_400_000);
});

test('the certificate of an address names the address', () => {
  const certificate = new X509Certificate(selfSignedCertificate(privateKey, '127.0.0.1', NOW_MS));
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
});
