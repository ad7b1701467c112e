/** How to authenticate the server, and this process to it, on `rediss://`. The texts are PEM (RFC 7468). */
export interface RedisTls {
  /** The certificate authorities that are trusted, in place of the usual ones. */
  ca?: string;
  /** The certificate of this process, with its chain. */
  cert?: string;
  /** The private key of `cert`. */
  key?: string;
  /** The name in the server's certificate, if it is not the host of the URL. */
  servername?: string;
}

/** The settings from which {@link RedisTls} is made. */
export interface TlsSettings {
  redisTlsCa?: string | undefined;
  redisTlsCert?: string | undefined;
  redisTlsKey?: string | undefined;
  redisTlsServerName?: string | undefined;
}

/** The settings of TLS without those that are not set, which would replace the defaults of Node.js. */
export const tlsOf = (settings: TlsSettings): RedisTls => ({
  ...(settings.redisTlsCa !== undefined && { ca: settings.redisTlsCa }),
  ...(settings.redisTlsCert !== undefined && { cert: settings.redisTlsCert }),
  ...(settings.redisTlsKey !== undefined && { key: settings.redisTlsKey }),
  ...(settings.redisTlsServerName !== undefined && { servername: settings.redisTlsServerName }),
});
