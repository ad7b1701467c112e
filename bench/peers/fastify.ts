import httpProxy from '@fastify/http-proxy';
import jwt from '@fastify/jwt';
import { fastify } from 'fastify';
import { authzKey, sessionKey, whitelistKey } from '../../src/redis/keys.ts';
import { whitelistEntry } from '../../src/redis/whitelist-entry.ts';
import { announceServer, connectRedis, environment } from './peer.ts';

interface Claims {
  sub: string;
  jti: string;
  sid: string;
}

/** The usual stack with tokens: @fastify/jwt verifies, one `MGET` reads the token's, session's and user's keys. */
const redis = await connectRedis();
const app = fastify({ logger: false });

await app.register(jwt, {
  secret: { public: environment.PUBLIC_KEY },
  verify: {
    algorithms: ['PS256'],
    allowedIss: environment.ISSUER,
    allowedAud: environment.AUDIENCE,
    checkTyp: 'at+jwt',
    requiredClaims: ['iss', 'aud', 'exp', 'iat', 'sub', 'jti', 'sid'],
    cache: environment.TOKEN_CACHE === 'on',
  },
});

await app.register(httpProxy, {
  upstream: environment.BANK_URL,
  prefix: '/bank',
  rewritePrefix: '',
  preHandler: async (request, reply) => {
    const { sub, jti, sid } = await request.jwtVerify<Claims>();
    const keys = [whitelistKey(sub, jti), sessionKey(sub, sid), authzKey(sub)];
    const [entry, session, authz] = await redis.mGet(keys);
    if (!entry || !session || !authz) return reply.code(401).send();
    const { role, gen } = JSON.parse(authz);
    if (entry !== whitelistEntry(gen)) return reply.code(401).send();
    if (role !== 'user') return reply.code(403).send();
  },
});

await app.listen({ host: '127.0.0.1', port: 0 });
announceServer(app.server);
