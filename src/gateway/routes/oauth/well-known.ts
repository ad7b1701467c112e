import { z } from 'zod';
import { ANYONE, type Operation, ok } from '../../../http/operation.ts';
import { DPOP_ALGORITHMS } from '../../../jwt/dpop/public-key.ts';
import type { RingSource } from '../../../keys/ring.ts';
import { Refusal } from '../../../refusal.ts';
import { SCOPES, scopeSchema } from '../../../users/roles.ts';
import { refuse } from '../../decision-log.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { PossessionDeps } from '../../pipeline/possession.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { CLIENT_AUTHENTICATION_METHODS } from './client-authentication.ts';

const METADATA_PATH = '/.well-known/oauth-authorization-server';
/** Matches the metadata path of every issuer. */
export const METADATA_ROUTE = `${METADATA_PATH}/*`;
export const JWKS_PATH = '/.well-known/jwks.json';

const metadataResponseSchema = z
  .strictObject({
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
    tls_client_certificate_bound_access_tokens: z.boolean(),
    dpop_signing_alg_values_supported: z.array(z.enum(DPOP_ALGORITHMS)),
  })
  .meta({ id: 'ServerMetadata' });

const keyMembers = (alg: 'PS256' | 'ES256') => ({
  kid: z.string().describe('The JWK thumbprint (RFC 7638)'),
  alg: z.literal(alg),
  use: z.literal('sig'),
});

const jwksResponseSchema = z
  .strictObject({
    keys: z.array(
      z.discriminatedUnion('kty', [
        z.strictObject({ kty: z.literal('RSA'), n: z.string(), e: z.string(), ...keyMembers('PS256') }),
        z
          .strictObject({
            kty: z.literal('EC'),
            crv: z.literal('P-256'),
            x: z.string(),
            y: z.string(),
            ...keyMembers('ES256'),
          })
          .describe('Verifies assertions only'),
      ]),
    ),
  })
  .meta({ id: 'KeySet' });

export const wellKnownOperations: readonly Operation<GatewayReason>[] = [
  {
    method: 'get',
    path: METADATA_PATH,
    id: 'getMetadata',
    tag: 'OAuth',
    summary: 'Get the authorization server metadata (RFC 8414)',
    description: 'If the issuer has a path, it is appended to this one.',
    access: ANYONE,
    responses: ok('The metadata.', metadataResponseSchema),
    refusals: ['route_unknown'],
  },
  {
    method: 'get',
    path: JWKS_PATH,
    id: 'getKeys',
    tag: 'OAuth',
    summary: 'Get the public keys that verify tokens (RFC 7517)',
    access: ANYONE,
    responses: ok('The key set.', jwksResponseSchema),
  },
];

interface MetadataDeps {
  options: { issuer: string };
  possession: Pick<PossessionDeps, 'certificates'>;
}

/** The metadata path has the path of the issuer at its end (RFC 8414, section 3.1); any other is a 404. */
export const metadata = ({ options: { issuer }, possession: { certificates } }: MetadataDeps) => {
  const path = METADATA_PATH + new URL(issuer).pathname.replace(/\/$/, '');
  const document = metadataOf(issuer, certificates.clientCertHeader !== 'off');
  return (c: GatewayContext): Response =>
    c.env.path === path
      ? c.json(document, 200, { 'cache-control': 'public, max-age=3600' })
      : refuse(c.env, new Refusal('route_unknown'));
};

/** Without an authorization endpoint no response type is supported, but the member is required. */
const metadataOf = (issuer: string, hasCertificates: boolean): z.output<typeof metadataResponseSchema> => ({
  issuer,
  jwks_uri: issuer + JWKS_PATH,
  token_endpoint: `${issuer}/oauth/token`,
  token_endpoint_auth_methods_supported: ['none'],
  grant_types_supported: ['refresh_token'],
  response_types_supported: [],
  scopes_supported: [...SCOPES],
  revocation_endpoint: `${issuer}/oauth/revoke`,
  revocation_endpoint_auth_methods_supported: [...CLIENT_AUTHENTICATION_METHODS],
  introspection_endpoint: `${issuer}/oauth/introspect`,
  introspection_endpoint_auth_methods_supported: [...CLIENT_AUTHENTICATION_METHODS],
  tls_client_certificate_bound_access_tokens: hasCertificates,
  dpop_signing_alg_values_supported: [...DPOP_ALGORITHMS],
});

export interface KeysDeps {
  ring: RingSource;
  keyPublishLeadSeconds: number;
}

const MAX_AGE_SECONDS = 60;

/** Cached only briefly, because other services have to learn of a new key before it signs. */
export const jwks =
  ({ ring, keyPublishLeadSeconds }: KeysDeps) =>
  (c: GatewayContext): Response => {
    const seconds = Math.min(MAX_AGE_SECONDS, Math.floor(keyPublishLeadSeconds / 2));
    c.header('cache-control', `public, max-age=${seconds}`);
    return c.json(ring.at(c.env.nowMs).jwks);
  };
