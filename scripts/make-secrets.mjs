/**
 * Generates the secrets that docker-compose.yml needs in `secrets/` and keeps existing ones. Only the owner can open the
 * folder; the files in it are readable by everyone, because the containers run as other users.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const directory = join(process.cwd(), 'secrets');
const password = () => randomBytes(32).toString('base64url');
const pem = ({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'pem' });
const makeAssertionKey = () => pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

const BANK_COMMANDS =
  '+@connection +@hash +@set +@sortedset +@list +@stream +@string +exists +publish +subscribe +eval +evalsha +eval_ro +evalsha_ro -@admin -@dangerous';

/**
 * The Redis users (redis.io/docs, "ACL"), with hashes of their passwords:
 *
 * - `default` has all permissions, behind a password: Redis 7.0 replays the transactions of its append-only file with this
 *   user's permissions and silently skips those that are denied (redis/redis#14541).
 * - `health` needs no password and may only PING.
 * - `portcullis`, the gateway, may do everything except functions, administration and dangerous commands. It may run `INFO`,
 *   to warn of a server that loses data.
 * - `bank` may access the ledger's keys and channel only, and cannot list other keys.
 * - `inspector` may only read.
 *
 * Categories overlap, so permissions are removed after they are granted.
 */
const acl = ({ admin, gateway, bank, inspector }) => `user default on #${sha256(admin)} ~* &* +@all
user health on nopass resetkeys resetchannels -@all +ping
user portcullis on #${sha256(gateway)} ~* &* +@all -function -@admin -@dangerous +info
user bank on #${sha256(bank)} resetkeys ~ledger:{bank}:* resetchannels &ledger:{bank}:* -@all ${BANK_COMMANDS}
user inspector on #${sha256(inspector)} ~* &* -@all +@read +@connection -@admin -@dangerous +info +memory|usage +module|list +dbsize
`;

/** The private keys that sign assertions. Secrets of earlier versions have only RSA keys. */
function ecKeysIn(text) {
  const keys = text.match(/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]+?-----END \1-----/g) ?? [];
  return keys.map((key) => createPrivateKey(key)).filter((key) => key.asymmetricKeyType === 'ec');
}

/** The public key as the gateway publishes it; `kid` is its thumbprint (RFC 7638). */
function jwkOf(privateKey) {
  const { crv, kty, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' };
}

function write(name, content) {
  const path = join(directory, name);
  writeFileSync(path, content, { flag: 'wx', mode: 0o644 });
  process.stdout.write(`created secrets/${name}\n`);
}

mkdirSync(directory, { recursive: true });
chmodSync(directory, 0o700);
const signingKey = join(directory, 'signing-key.pem');
if (!existsSync(signingKey)) {
  write('signing-key.pem', pem(generateKeyPairSync('rsa', { modulusLength: 2048 })) + makeAssertionKey());
} else if (ecKeysIn(readFileSync(signingKey, 'utf8')).length === 0) {
  appendFileSync(signingKey, `\n${makeAssertionKey()}`);
  process.stdout.write('added the key of assertions to secrets/signing-key.pem\n');
}
const jwks = JSON.stringify({ keys: ecKeysIn(readFileSync(signingKey, 'utf8')).map(jwkOf) });
const jwksFile = join(directory, 'jwks.json');
if (!existsSync(jwksFile) || readFileSync(jwksFile, 'utf8') !== jwks) {
  writeFileSync(jwksFile, jwks, { mode: 0o644 });
  process.stdout.write('created secrets/jwks.json\n');
}
if (!existsSync(join(directory, 'refresh-key'))) write('refresh-key', `${password()}\n`);
if (!existsSync(join(directory, 'password-pepper'))) write('password-pepper', `${password()}\n`);
if (!existsSync(join(directory, 'redis.acl'))) {
  const passwords = { admin: password(), gateway: password(), bank: password(), inspector: password() };
  write('redis-url', `redis://portcullis:${passwords.gateway}@redis:6379\n`);
  write('redis-url-bank', `redis://bank:${passwords.bank}@redis:6379\n`);
  write('redis-admin-password', `${passwords.admin}\n`);
  write('redis-inspector-password', `${passwords.inspector}\n`);
  write('redis.acl', acl(passwords));
}
