/**
 * Makes the secrets that docker-compose.yml asks for, in `secrets/`. What exists is left as it is. The folder is for
 * its owner alone; the files in it are readable, because the containers' users are others than the owner.
 */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const directory = join(process.cwd(), 'secrets');
const password = () => randomBytes(32).toString('base64url');
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

const BANK_COMMANDS =
  '+@connection +@hash +@set +@sortedset +@list +@stream +@string +exists +publish +subscribe +eval +evalsha -@admin -@dangerous';

/**
 * The users of Redis (redis.io/docs, "ACL"), with hashes of their passwords. The health check needs no password and may
 * only PING; the gateway may do everything but what reaches beyond its data; the bank may use the types of its own
 * ledger's keys and its own channel, and can't even list the names of other keys; the inspector may only look. What is
 * taken away stands after what is given, because the categories overlap. The default user has to be allowed everything, behind a password: Redis 7.0 replays the transactions of
 * its append-only file with this user's rights, and drops those that it may not do (redis/redis#14541).
 */
const acl = ({ admin, gateway, bank, inspector }) => `user default on #${sha256(admin)} ~* &* +@all
user health on nopass resetkeys resetchannels -@all +ping
user portcullis on #${sha256(gateway)} ~* &* +@all -function -@admin -@dangerous
user bank on #${sha256(bank)} resetkeys ~ledger:{bank}:* resetchannels &ledger:{bank}:* -@all ${BANK_COMMANDS}
user inspector on #${sha256(inspector)} ~* &* -@all +@read +@connection -@admin -@dangerous +info +memory|usage +module|list +dbsize
`;

function write(name, content) {
  const path = join(directory, name);
  writeFileSync(path, content, { flag: 'wx', mode: 0o644 });
  process.stdout.write(`made secrets/${name}\n`);
}

mkdirSync(directory, { recursive: true });
chmodSync(directory, 0o700);
if (!existsSync(join(directory, 'signing-key.pem'))) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  write('signing-key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }));
}
if (!existsSync(join(directory, 'refresh-key'))) write('refresh-key', `${password()}\n`);
if (!existsSync(join(directory, 'redis.acl'))) {
  const passwords = { admin: password(), gateway: password(), bank: password(), inspector: password() };
  write('redis-url', `redis://portcullis:${passwords.gateway}@redis:6379\n`);
  write('redis-url-bank', `redis://bank:${passwords.bank}@redis:6379\n`);
  write('redis-admin-password', `${passwords.admin}\n`);
  write('redis-inspector-password', `${passwords.inspector}\n`);
  write('redis.acl', acl(passwords));
}
