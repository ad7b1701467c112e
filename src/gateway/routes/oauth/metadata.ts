import { z } from 'zod';
import { Refusal } from '../../../refusal.ts';
import { SCOPES, scopeSchema } from '../../../users/roles.ts';
import { refuse } from '../../decision-log.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import { CLIENT_AUTHENTICATION_METHODS } from './client-authentication.ts';

const WELL_KNOWN = '/.well-known/oauth-authorization-server';

/** What to mount `metadata` on: everything that may be the one path of an issuer. */
export const METADATA_ROUTE = `${WELL_KNOWN}/*`;

export const metadataResponseSchema = z.strictObject({
  issuer: z.url(),
  jwks_uri: z.url(),
  token_endpoint: z.url(),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  grant_types_supported: z.array(z.string()),
  response_types_supported: z.array(z.string()),
  scopes_supported: z.array(scopeSchema),
  revocation_endpoint: z.url(),
  revocation_endpoint_auth_methods_supported: z.array(z.string()),
  introspection_endpoint: z.url(),
  introspection_endpoint_auth_methods_supported: z.array(z.string()),
});

export interface MetadataDeps {
  options: { issuer: string };
}

/**
 * What this authorization server can do (RFC 8414), and nothing that it can't. Its place is between the host and the
 * path of the issuer (section 3.1), so that an issuer's metadata can't be found at any other path.
 */
export const metadata = ({ options: { issuer } }: MetadataDeps) => {
  const place = WELL_KNOWN + new URL(issuer).pathname.replace(/\/$/, '');
  const document = metadataOf(issuer);
  return (c: GatewayContext): Response =>
    c.env.path === place
      ? c.json(document, 200, { 'cache-control': 'public, max-age=3600' })
      : refuse(c.env, new Refusal('route_unknown'));
};

/** There is no authorization endpoint, so no response type is supported; the member itself is mandatory. */
const metadataOf = (issuer: string): z.output<typeof metadataResponseSchema> => ({
  issuer,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  token_endpoint: `${issuer}/oauth/token`,
  token_endpoint_auth_methods_supported: ['none'],
  grant_types_supported: ['refresh_token'],
  response_types_supported: [],
  scopes_supported: [...SCOPES],
  revocation_endpoint: `${issuer}/oauth/revoke`,
  revocation_endpoint_auth_methods_supported: [...CLIENT_AUTHENTICATION_METHODS],
  introspection_endpoint: `${issuer}/oauth/introspect`,
  introspection_endpoint_auth_methods_supported: [...CLIENT_AUTHENTICATION_METHODS],
});
