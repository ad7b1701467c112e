/** The public site of the gateway and its cookies. */
export interface Site {
  /** The URLs by which clients reach the gateway, without a slash at the end. Paths of requests follow them. */
  publicUrls: readonly string[];
  /** The origin (RFC 6454) as browsers show it, such as `https://bank.example`. */
  origin: string;
  /** `__Host-portcullis` over TLS (RFC 6265bis, section 4.1.3), `portcullis` over plain HTTP on loopback. */
  cookieName: string;
  /** The same for the refresh token. */
  refreshCookieName: string;
  /** The same for the device token. */
  deviceCookieName: string;
  /** The same for what scripts can read about the session. */
  presenceCookieName: string;
  /** For the refresh token and the device token: `/` over TLS, as `__Host-` requires; otherwise only the routes that read it. */
  refreshCookiePath: string;
  secure: boolean;
  /** The host, with the port if there is one, of the issuer. A client's `Host` header is never used. */
  host: string;
  /** As seen by the client. */
  protocol: 'http' | 'https';
}

/** @param publicUrls other URLs than the issuer by which clients reach the gateway */
export function siteOf(issuer: string, publicUrls: readonly string[] = []): Site {
  const { origin, protocol, host, pathname } = new URL(issuer);
  const secure = protocol === 'https:';
  /** The web app knows only the origin, as the browser shows it. It is not served below a path. */
  const webApp = pathname === '/' ? [origin] : [];
  return {
    publicUrls: [...new Set([...(publicUrls.length > 0 ? publicUrls : [issuer]), ...webApp])],
    origin,
    host,
    secure,
    protocol: secure ? 'https' : 'http',
    cookieName: secure ? '__Host-portcullis' : 'portcullis',
    refreshCookieName: secure ? '__Host-portcullis-refresh' : 'portcullis-refresh',
    deviceCookieName: secure ? '__Host-portcullis-device' : 'portcullis-device',
    presenceCookieName: secure ? '__Host-portcullis-present' : 'portcullis-present',
    refreshCookiePath: secure ? '/' : '/auth',
  };
}
