import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { selfSignedCertificate } from '../../src/probe/attacker-keys.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const NOW_MS = Date.UTC(2026, 10, 20, 12);

test('a self-signed certificate is valid for a verifier without trusted roots', () => {
  const certificate = new X509Certificate(selfSignedCertificate(privateKey, 'bank.example', NOW_MS));
  expect(certificate.subject).toBe('CN=bank.example');
  expect(certificate.checkHost('bank.example')).toBe('bank.example');
  expect(certificate.verify(createPublicKey(privateKey))).toBe(true);
  expect(certificate.checkIssued(certificate)).toBe(true);
  expect(Date.parse(certificate.validFrom)).toBe(NOW_MS - 86_400_000);
  expect(Date.parse(certificate.validTo)).toBe(NOW_MS + 86_400_000);
});

test('a certificate for an IP address names the address', () => {
  const certificate = new X509Certificate(selfSignedCertificate(privateKey, '127.0.0.1', NOW_MS));
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
});
