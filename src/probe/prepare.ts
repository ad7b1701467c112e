import { createPublicKey, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import type { AttackContext, IssuedToken } from './attack.ts';
import { generateAttackerKeys } from './attacker-keys.ts';
import { openBoundSession } from './dpop/bound-session.ts';
import { exchange, isResponse, type Target } from './exchange.ts';
import { fetchKeySet, login, loginWithCookies, logout, ProbeFailed, type User } from './gateway-api.ts';
import { asBearer, PROXIED_PATH } from './requests.ts';

interface PrepareOptions extends User {
  /** The gateway's own signing key, if it is available; an attacker's key by default. */
  signingKey?: KeyObject;
  /** The same for the key that signs assertions. */
  assertionKey?: KeyObject;
  attackerUrl?: string;
}

/** Protected routes to attack. The first one is preferred, because it leads to the upstream. */
const PATHS = [PROXIED_PATH, '/auth/session'];

/**
 * Logs in six times, once of them with a key if the gateway offers DPoP, logs out once and fetches the key set. No more
 * than five of the sessions are open at a time.
 * @throws {ProbeFailed} when the target cannot be reached, refuses the login or is not a Portcullis gateway
 */
export async function prepareAttacks(target: Target, options: PrepareOptions): Promise<AttackContext> {
  const [keySetText, attackerKeys] = await Promise.all([fetchKeySet(target), generateAttackerKeys()]);
  const tokens = await login(target, options);
  const live = parseToken(tokens.access);
  const cookies = await loginWithCookies(target, options);
  await logout(target, cookies.access.value);
  const spareSessions = {
    proxied: await login(target, options),
    own: await login(target, options),
    superseded: await login(target, options),
  };
  return {
    host: target.origin.host,
    path: await pathToAttack(target, live),
    cookieName: cookies.access.name,
    refreshCookieName: cookies.refresh.name,
    refreshTokens: { live: tokens.refresh, loggedOut: cookies.refresh.value },
    spareSessions,
    live,
    bound: await openBoundSession(target, options, `${live.claims.iss}`),
    loggedOut: parseToken(cookies.access.value),
    publicKey: publicKeyOf(keySetText, live.kid),
    keySetText,
    signingKey: options.signingKey ?? attackerKeys.rsa,
    assertionKid: assertionKidIn(keySetText) ?? live.kid,
    assertionKey: options.assertionKey ?? attackerKeys.p256,
    attackerKeys,
    attackerUrl: options.attackerUrl ?? 'https://portcullis-probe.invalid/keys.json',
  };
}

/** The first path that responds with 200 to the live token. Without one, the attacks would prove nothing. */
async function pathToAttack(target: Target, live: IssuedToken): Promise<string> {
  for (const path of PATHS) {
    const outcome = await exchange(target, asBearer({ host: target.origin.host, path }, live.text));
    if (isResponse(outcome) && outcome.status === 200) return path;
  }
  throw new ProbeFailed(`the access token is not accepted at ${PATHS.join(' or ')}`);
}

function parseToken(text: string): IssuedToken {
  const [header = '', payload = '', signature = ''] = text.split('.');
  const { kid } = decodePart(header) as { kid?: unknown };
  const claims = decodePart(payload);
  if (typeof kid !== 'string' || signature === '')
    throw new ProbeFailed('the login response has no signed token');
  return { text, header, payload, signature, kid, claims: { ...claims } };
}

const decodePart = (part: string): object => parseObject(Buffer.from(part, 'base64url').toString());

function parseObject(json: string): object {
  try {
    return Object(JSON.parse(json));
  } catch {
    return {};
  }
}

function publicKeyOf(keySetText: string, kid: string): KeyObject {
  const { keys } = parseObject(keySetText) as { keys?: JWK[] };
  try {
    const key = keys?.find((candidate) => candidate.kid === kid);
    return createPublicKey({ key: key ?? {}, format: 'jwk' });
  } catch (fault) {
    throw new ProbeFailed('the published key set does not contain the signing key of the token', {
      cause: fault,
    });
  }
}

function assertionKidIn(keySetText: string): string | undefined {
  const { keys } = parseObject(keySetText) as { keys?: JWK[] };
  return keys?.find(({ alg }) => alg === 'ES256')?.kid;
}
