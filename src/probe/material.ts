import { createPublicKey, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import { type ForeignKeys, makeForeignKeys } from './foreign-keys.ts';
import { fetchKeys, type LogIn, logIn, logInForCookies, logOut, ProbeFailed, statusWith } from './log-in.ts';
import type { Target } from './raw-request.ts';
import { PROXIED_PATH } from './requests.ts';

/** A token that the gateway itself has given out, whole and in its parts. */
export interface IssuedToken {
  text: string;
  header: string;
  payload: string;
  signature: string;
  kid: string;
  claims: Readonly<Record<string, unknown>>;
}

/** What the attacks are made of. */
export interface Material {
  /** The value of `Host`. */
  host: string;
  /** A path that answers 200 to the live token, such as `/bank/accounts`: what every attack asks for. */
  path: string;
  cookieName: string;
  /** What the refresh token's cookie is called. */
  refreshCookieName: string;
  /** The refresh tokens of the live session and of the one that was logged out. */
  refreshTokens: { live: string; loggedOut: string };
  /** Signed and on the whitelist. */
  live: IssuedToken;
  /** Signed, and logged out. */
  loggedOut: IssuedToken;
  /** The public key that verifies the live token, and the published key set as text. */
  publicKey: KeyObject;
  keySetText: string;
  /**
   * Signs tokens that are right in everything but one thing. From outside it is one more foreign key, and such
   * a token is refused for its signature; the tests give the gateway's own key, so that the one thing decides.
   */
  signer: KeyObject;
  foreign: ForeignKeys;
  /** Where a gateway that follows `jku` or `x5u` would fetch an attacker's key. */
  lureUrl: string;
}

export interface MaterialOptions extends LogIn {
  signer?: KeyObject;
  lureUrl?: string;
}

/** Protected routes, the best first: a request that gets in here gets to the bank. */
const PATHS = [PROXIED_PATH, '/auth/session'];

/**
 * Logs in twice and out once, and reads the published keys.
 * @throws {ProbeFailed} when the target can't be reached, refuses the log-in or isn't a gateway of this kind.
 */
export async function gatherMaterial(target: Target, options: MaterialOptions): Promise<Material> {
  const [keySetText, foreign] = await Promise.all([fetchKeys(target), makeForeignKeys()]);
  const pair = await logIn(target, options);
  const live = readToken(pair.access);
  const cookies = await logInForCookies(target, options);
  await logOut(target, cookies.access.value);
  return {
    host: target.origin.host,
    path: await pathForAttacks(target, live),
    cookieName: cookies.access.name,
    refreshCookieName: cookies.refresh.name,
    refreshTokens: { live: pair.refresh, loggedOut: cookies.refresh.value },
    live,
    loggedOut: readToken(cookies.access.value),
    publicKey: publicKeyOf(keySetText, live.kid),
    keySetText,
    signer: options.signer ?? foreign.rsa,
    foreign,
    lureUrl: options.lureUrl ?? 'https://portcullis-probe.invalid/keys.json',
  };
}

/** The first of the paths that is open to the live token; without any there is nothing to prove. */
async function pathForAttacks(target: Target, live: IssuedToken): Promise<string> {
  for (const path of PATHS) if ((await statusWith(target, path, live.text)) === 200) return path;
  throw new ProbeFailed(`the token of the log-in opens none of ${PATHS.join(', ')}`);
}

function readToken(text: string): IssuedToken {
  const [header = '', payload = '', signature = ''] = text.split('.');
  const { kid } = decodePart(header) as { kid?: unknown };
  const claims = decodePart(payload);
  if (typeof kid !== 'string' || signature === '') throw new ProbeFailed('the log-in gave no signed token');
  return { text, header, payload, signature, kid, claims: { ...claims } };
}

function decodePart(part: string): object {
  try {
    return Object(JSON.parse(Buffer.from(part, 'base64url').toString()));
  } catch {
    return {};
  }
}

function publicKeyOf(keySetText: string, kid: string): KeyObject {
  const { keys } = decodePart(Buffer.from(keySetText).toString('base64url')) as {
    keys?: JWK[];
  };
  try {
    const key = keys?.find((candidate) => candidate.kid === kid);
    return createPublicKey({ key: key ?? {}, format: 'jwk' });
  } catch (fault) {
    throw new ProbeFailed('the published keys do not hold the one that signed the token', { cause: fault });
  }
}
