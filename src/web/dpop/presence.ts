/** The second has been set by an earlier version, or without TLS. Behind TLS, a neighboring host can set it too. */
export const PRESENCE_COOKIES = ['__Host-portcullis-present', 'portcullis-present'] as const;
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
  const cookies = new Map(
    document.cookie.split('; ').map((cookie) => cookie.split('=', 2) as [string, string]),
  );
  const value = PRESENCE_COOKIES.map((name) => cookies.get(name)).find((found) => found !== undefined);
  if (value === undefined) return undefined;
  const [, jkt, accessTokenHash] = BOUND.exec(value) ?? [];
  return { value, jkt, accessTokenHash };
}

/** Whether another login has replaced that of `before`. A logout or a refresh has not. */
export const isOtherLogin = (before: Presence | undefined, now: Presence | undefined): boolean =>
  now !== undefined && now.jkt !== before?.jkt;
