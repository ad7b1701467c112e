import * as keys from '../../redis/keys.ts';
import type { RedisRights } from '../../redis/server/rights.ts';

/**
 * What the gateway's Redis user must be allowed, besides the commands of its scripts: `docs/operations.md` has a user with
 * exactly these rights. The names in the keys are examples.
 */
export const GATEWAY_RIGHTS: RedisRights = {
  commands: [
    ...['PING', 'PUBLISH', 'SUBSCRIBE', 'MULTI', 'EXEC', 'INFO', 'WAIT'],
    ...['GET', 'MGET', 'SET', 'DEL', 'EXPIRE'],
    ...['HGET', 'HGETALL', 'HSET', 'HDEL'],
    ...['SADD', 'SCARD'],
    ...['ZADD', 'ZMSCORE', 'ZRANGE', 'ZREM'],
    ...['XRANGE', 'XREVRANGE'],
  ],
  runsScript: (name) => !/^(ledger|generator)-/.test(name),
  keys: [
    keys.usernameKey('name'),
    keys.usernamesKey(),
    keys.superAdminsKey(),
    keys.userKey('id'),
    keys.authzKey('id'),
    keys.resetKey('id', 'jti'),
    keys.whitelistKey('id', 'jti'),
    keys.sessionKey('id', 'sid'),
    keys.sessionDataKey('id', 'sid'),
    keys.usedProofKey('id', 'proof'),
    keys.sessionsKey('id'),
    keys.devicesKey('id'),
    keys.pendingActionsKey('id'),
    keys.clientsKey(),
    keys.ringAcknowledgedKey('id', 1),
    keys.auditKey('security'),
    keys.auditKey('customers'),
    keys.auditMarkKey('security'),
    keys.auditMarkKey('customers'),
    keys.counterKey('limiter', 'subject', 'step'),
    keys.userMarkerKey('id'),
    keys.auditMarkerKey(),
  ],
  publishes: [keys.revocationsChannel()],
  subscribesTo: [keys.revocationsChannel(), keys.ringChannel(), keys.auditChannel()],
};
