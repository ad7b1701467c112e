export const PRESENCE_COOKIE = 'portcullis-present';
const BOUND = /^([\w-]{43})\.([\w-]{43})$/;

/**
 * What scripts can read about this browser's login: a cookie that the server sets in the same response as the cookies with
 * the tokens. It is not a credential.
 */
export interface Presence {
  /** Different after each login, and after each refresh of a bound session. */
  value: string;
  /** The thumbprint of the session's key. Undefined if the session is not bound to one. */
  jkt?: string | undefined;
  /** SHA-256 of the access token in base64url. */
  accessTokenHash?: string | undefined;
}

/** Undefined if this browser has no login. Every tab can replace it, so it is read for each request. */
export function readPresence(): Presence | undefined {
  const cookie = document.cookie.split('; ').find((one) => one.startsWith(`${PRESENCE_COOKIE}=`));
  if (cookie === undefined) return undefined;
  const value = cookie.slice(PRESENCE_COOKIE.length + 1);
  const [, jkt, accessTokenHash] = BOUND.exec(value) ?? [];
  return { value, jkt, accessTokenHash };
}

/** Whether another login has replaced that of `before`. A logout or a refresh has not. */
export const isOtherLogin = (before: Presence | undefined, now: Presence | undefined): boolean =>
  now !== undefined && now.jkt !== before?.jkt;
