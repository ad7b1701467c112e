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

/**
 * The users of Redis (redis.io/docs, "ACL"), with hashes of their passwords. The health check needs no password and may
 * only PING; the gateway and the bank may do everything but what reaches beyond their data; the inspector may only
 * look. The default user has to be allowed everything, behind a password: Redis 7.0 replays the transactions of
 * its append-only file with this user's rights, and drops those that it may not do (redis/redis#14541).
 */
const acl = (admin, service, inspector) => `user default on #${sha256(admin)} ~* &* +@all
user health on nopass resetkeys resetchannels -@all +ping
user portcullis on #${sha256(service)} ~* &* +@all -@admin -@dangerous
user inspector on #${sha256(inspector)} ~* &* -@all +@read +@connection +info +memory|usage +module|list +dbsize
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
  const [admin, service, inspector] = [password(), password(), password()];
  write('redis-url', `redis://portcullis:${service}@redis:6379\n`);
  write('redis-admin-password', `${admin}\n`);
  write('redis-inspector-password', `${inspector}\n`);
  write('redis.acl', acl(admin, service, inspector));
}
