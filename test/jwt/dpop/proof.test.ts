import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { accessTokenHash } from '../../../src/jwt/dpop/proof.ts';
import { Refusal } from '../../../src/refusal.ts';
import { DpopClient, type ProofChanges } from '../../support/dpop.ts';
import { NOW_MS, URL, verdictOf, verifierWith } from './proof-verifier.ts';

const TOKEN = 'header.claims.signature';
const NOW = NOW_MS / 1000;
const client = new DpopClient();
const verify = verifierWith();

const judge = (proof: string): string =>
  verdictOf(verify(proof, { method: 'GET', urls: [URL], accessToken: TOKEN }, NOW_MS));
const judgeChanged = (changes: ProofChanges): string =>
  judge(client.proof('GET', URL, TOKEN, { nowMs: NOW_MS, ...changes }));

describe('the examples of RFC 9449', () => {
  const KEY = {
    ...{ kty: 'EC', crv: 'P-256' },
    x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
    y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
  };
  const HEADER =
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19';
  const RESOURCE_TOKEN = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU';
  const THUMBPRINT = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';

  test('the header is that of the key in section 4.1', () => {
    const header = JSON.parse(Buffer.from(HEADER, 'base64url').toString());
    expect(header).toEqual({ typ: 'dpop+jwt', alg: 'ES256', jwk: KEY });
  });

  test('the proof for a token request (section 4.1) is accepted, with the thumbprint of section 6.1', () => {
    const proof = `${HEADER}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg`;
    const expected = { method: 'POST', urls: ['https://server.example.com/token'] };
    expect(verify(proof, expected, 1_562_262_616_000)).toMatchObject({ jkt: THUMBPRINT });
  });

  test('the proof for a resource request (section 7.1) is accepted with its access token', () => {
    const proof = `${HEADER}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA`;
    const urls = ['https://resource.example.org/protectedresource'];
    const expected = { method: 'GET', urls, accessToken: RESOURCE_TOKEN };
    expect(verify(proof, expected, 1_562_262_618_000)).toMatchObject({ jkt: THUMBPRINT });
  });

  test('the hash of an access token is that of section 7.1', () => {
    expect(accessTokenHash(RESOURCE_TOKEN)).toBe('fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo');
  });
});

test.for(['ES256', 'EdDSA', 'Ed25519', 'PS256'] as const)('a proof that %s signs is accepted', (alg) => {
  const signer = new DpopClient(alg);
  const proof = signer.proof('GET', URL, TOKEN, { nowMs: NOW_MS });
  const outcome = verify(proof, { method: 'GET', urls: [URL], accessToken: TOKEN }, NOW_MS);
  expect(outcome).toMatchObject({ jkt: signer.jkt });
});

describe('a header is refused', () => {
  const { jwk } = client;
  const privateJwk = client.privateKey.export({ format: 'jwk' });

  test.for<[string, Record<string, unknown>, string]>([
    ['of another type', { typ: 'at+jwt' }, 'typ'],
    ['without a type', { typ: undefined }, 'typ'],
    ['with alg none', { alg: 'none' }, 'alg'],
    ['with a symmetric algorithm', { alg: 'HS256' }, 'alg'],
    ['with an algorithm that is not accepted', { alg: 'RS256' }, 'alg'],
    ['with an algorithm of another kind of key', { alg: 'PS256' }, 'jwk'],
    ['without a key', { jwk: undefined }, 'jwk'],
    ['with a private key', { jwk: privateJwk }, 'jwk'],
    ['with a symmetric key', { jwk: { kty: 'oct', k: 'c2VjcmV0' } }, 'jwk.kty'],
    ['with a key on another curve', { jwk: { ...jwk, crv: 'P-384' } }, 'jwk.crv'],
    ['with a point that is not on the curve', { jwk: { ...jwk, y: jwk.x } }, 'jwk'],
    ['with a certificate in the key', { jwk: { ...jwk, x5c: ['MIIB'] } }, 'jwk'],
    ['with a link to keys', { jku: 'https://evil.example/jwks' }, 'header'],
    ['with a certificate', { x5c: ['MIIB'] }, 'header'],
    ['with a key id beside the key', { kid: '1' }, 'header'],
    ['with critical extensions', { crit: ['exp'], exp: 1 }, 'header'],
  ])('%s', ([, header, detail]) => {
    expect(judgeChanged({ header })).toBe(`proof_invalid: ${detail}`);
  });

  test('with an RSA key of 1024 bits', () => {
    const weak = new DpopClient('PS256', 1024);
    expect(judge(weak.proof('GET', URL, TOKEN, { nowMs: NOW_MS }))).toBe('proof_invalid: jwk.n');
  });

  test('with an RSA key of 1024 bits that is filled up with zeros', () => {
    const weak = new DpopClient('PS256', 1024);
    const modulus = Buffer.from(`${weak.jwk.n}`, 'base64url');
    const n = Buffer.concat([Buffer.alloc(128), modulus]).toString('base64url');
    const header = { jwk: { ...weak.jwk, n } };
    expect(judge(weak.proof('GET', URL, TOKEN, { nowMs: NOW_MS, header }))).toBe('proof_invalid: jwk');
  });

  test('with a coordinate in another encoding of the same bytes', () => {
    const x = `${jwk.x}`;
    const other = String.fromCharCode(x.charCodeAt(x.length - 1) + 1);
    const header = { jwk: { ...jwk, x: x.slice(0, -1) + other } };
    expect(judgeChanged({ header })).toBe('proof_invalid: jwk.x');
  });

  test('with an RSA key whose exponent is not 65537', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
    const header = { alg: 'PS256', jwk: publicKey.export({ format: 'jwk' }) };
    expect(judgeChanged({ header, signingKey: privateKey })).toBe('proof_invalid: jwk.e');
  });
});

describe('a signature is refused', () => {
  test('of another key', () => {
    const { privateKey } = new DpopClient();
    expect(judgeChanged({ signingKey: privateKey })).toBe('proof_invalid: signature');
  });

  test('that is an HMAC with the public key', () => {
    const [, payload] = client.proof('GET', URL, TOKEN, { nowMs: NOW_MS }).split('.');
    const header = client.proof('GET', URL).split('.')[0];
    const secret = client.publicKey.export({ type: 'spki', format: 'pem' });
    const mac = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
    expect(judge(`${header}.${payload}.${mac}`)).toBe('proof_invalid: signature');
  });

  test('that is empty', () => {
    const [header, payload] = client.proof('GET', URL, TOKEN, { nowMs: NOW_MS }).split('.');
    expect(judge(`${header}.${payload}.`)).toBe('proof_invalid: spelling');
  });

  test('in another encoding of the same bytes', () => {
    expect(judge(`${client.proof('GET', URL, TOKEN, { nowMs: NOW_MS })}=`)).toBe('proof_invalid: spelling');
  });
});

describe('claims are refused', () => {
  test.for<[string, Record<string, unknown>, string]>([
    ['for another method', { htm: 'POST' }, 'htm'],
    ['for a method in other letters', { htm: 'get' }, 'htm'],
    ['without a method', { htm: undefined }, 'htm'],
    ['for another path', { htu: 'https://bank.example/transfers' }, 'htu'],
    ['for another host', { htu: 'https://evil.example/accounts' }, 'htu'],
    ['for plain HTTP', { htu: 'http://bank.example/accounts' }, 'htu'],
    ['for a host in other letters', { htu: 'https://Bank.example/accounts' }, 'htu'],
    ['for the default port', { htu: 'https://bank.example:443/accounts' }, 'htu'],
    ['for a path with a slash at its end', { htu: `${URL}/` }, 'htu'],
    ['for an escaped path', { htu: 'https://bank.example/%61ccounts' }, 'htu'],
    ['with a fragment', { htu: `${URL}#part` }, 'htu'],
    ['with a query', { htu: `${URL}?limit=1` }, 'htu'],
    ['with user information', { htu: 'https://bob@bank.example/accounts' }, 'htu'],
    ['without a URL', { htu: undefined }, 'htu'],
    ['with a list of URLs', { htu: [URL] }, 'htu'],
    ['issued more than 60 s ago', { iat: NOW - 61 }, 'iat'],
    ['issued more than 60 s in the future', { iat: NOW + 61 }, 'iat'],
    ['without a time', { iat: undefined }, 'iat'],
    ['with a time as text', { iat: String(NOW) }, 'iat'],
    ['with a fraction of a second', { iat: NOW + 0.5 }, 'iat'],
    ['for another access token', { ath: accessTokenHash('another') }, 'ath'],
    ['without the hash of the access token', { ath: undefined }, 'ath'],
    ['without an id', { jti: undefined }, 'jti'],
    ['with an empty id', { jti: '' }, 'jti'],
    ['with a very long id', { jti: 'j'.repeat(257) }, 'jti'],
  ])('%s', ([, claims, detail]) => {
    expect(judgeChanged({ claims })).toBe(`proof_invalid: ${detail}`);
  });

  test.for([-60, 60])('not if they were issued %d s from now', (seconds) => {
    expect(judgeChanged({ claims: { iat: NOW + seconds } })).toBe('accepted');
  });

  test('not for members that nobody knows', () => {
    expect(judgeChanged({ claims: { purpose: 'x' } })).toBe('accepted');
  });
});

test('a proof is refused from the moment on that its verification names', () => {
  const proof = client.proof('GET', URL, TOKEN, { nowMs: NOW_MS });
  const expected = { method: 'GET', urls: [URL], accessToken: TOKEN };
  const verified = verify(proof, expected, NOW_MS);
  if (verified instanceof Refusal) throw new Error('the proof was refused');
  const { refusedFromMs } = verified;
  expect(verdictOf(verify(proof, expected, refusedFromMs - 1))).toBe('accepted');
  expect(verdictOf(verify(proof, expected, refusedFromMs))).toBe('proof_invalid: iat');
});

test('two proofs with one jti have the same id only if their keys are equal', () => {
  const claims = { jti: randomBytes(8).toString('hex') };
  const expected = { method: 'GET', urls: [URL], accessToken: TOKEN };
  const idOf = (signer: DpopClient): string => {
    const outcome = verify(signer.proof('GET', URL, TOKEN, { nowMs: NOW_MS, claims }), expected, NOW_MS);
    return outcome instanceof Refusal ? '' : outcome.id;
  };
  expect(idOf(client)).toBe(idOf(client));
  expect(idOf(client)).not.toBe(idOf(new DpopClient()));
});

test('with several public URLs, a proof for each of them is accepted and no other', () => {
  const urls = [URL, 'https://api.bank.example/v1/accounts'];
  const judgeFor = (url: string): string =>
    verdictOf(
      verify(
        client.proof('GET', url, TOKEN, { nowMs: NOW_MS }),
        { method: 'GET', urls, accessToken: TOKEN },
        NOW_MS,
      ),
    );
  expect(urls.map(judgeFor)).toEqual(['accepted', 'accepted']);
  expect(judgeFor('https://api.bank.example/accounts')).toBe('proof_invalid: htu');
});

test('a key from the cache verifies only signatures of that key', () => {
  const cached = verifierWith({ cacheBytes: 1_048_576 });
  const expected = { method: 'GET', urls: [URL], accessToken: TOKEN };
  const judgeCached = (changes: ProofChanges = {}): string =>
    verdictOf(cached(client.proof('GET', URL, TOKEN, { nowMs: NOW_MS, ...changes }), expected, NOW_MS));
  expect(judgeCached()).toBe('accepted');
  expect(judgeCached()).toBe('accepted');
  expect(judgeCached({ signingKey: new DpopClient().privateKey })).toBe('proof_invalid: signature');
});
