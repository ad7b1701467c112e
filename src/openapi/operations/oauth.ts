import { z } from 'zod';
import { bearerResponseSchema } from '../../gateway/routes/auth/token-response.ts';
import { introspectionResponseSchema } from '../../gateway/routes/oauth/introspect.ts';
import { metadataResponseSchema } from '../../gateway/routes/oauth/metadata.ts';
import { tokenFormSchema } from '../../gateway/routes/oauth/revoke.ts';
import { tokenRequestSchema } from '../../gateway/routes/oauth/token.ts';
import { formBody, gatewayOperation, ok } from '../gateway-operation.ts';
import type { Operation } from '../operation.ts';

const group = 'OAuth';
const client = { by: 'client' } as const;
const anyone = { by: 'anyone' } as const;
const HOW_CLIENTS_AUTHENTICATE =
  'A client authenticates with `client_secret_basic`, or with `client_id` and `client_secret` in the form.';

/** RFC 7517, section 5, as far as this gateway's keys go. */
export const keySetSchema = z.looseObject({
  keys: z.array(
    z.looseObject({
      kty: z.literal('RSA'),
      kid: z.string(),
      alg: z.string(),
      use: z.literal('sig'),
      n: z.string(),
      e: z.string(),
    }),
  ),
});

/** The routes of the OAuth standards. */
export const OAUTH: readonly Operation[] = [
  gatewayOperation(
    {
      method: 'post',
      path: '/oauth/token',
      id: 'refreshByGrant',
      group,
      summary: 'Exchange the refresh token, in the words of RFC 6749',
      details: 'The same as `/auth/refresh`, for OAuth libraries. `grant_type` is `refresh_token`.',
      access: { by: 'refresh-token' },
      body: formBody(tokenRequestSchema),
      answers: ok('A pair of tokens (RFC 6749, section 5.1).', bearerResponseSchema),
    },
    ['grant_invalid', 'grant_unsupported', 'scope_unsupported', 'client_wrong', 'redis_unavailable'],
  ),
  gatewayOperation({
    method: 'post',
    path: '/oauth/revoke',
    id: 'revokeToken',
    group,
    summary: 'Revoke a token (RFC 7009)',
    details: `The whole session ends with either of its tokens. ${HOW_CLIENTS_AUTHENTICATE}`,
    access: client,
    body: formBody(tokenFormSchema),
    answers: { 200: { description: 'The token is dead, or was none.' } },
  }),
  gatewayOperation({
    method: 'post',
    path: '/oauth/introspect',
    id: 'introspectToken',
    group,
    summary: 'Ask whether a token is alive (RFC 7662)',
    details: HOW_CLIENTS_AUTHENTICATE,
    access: client,
    body: formBody(tokenFormSchema),
    answers: ok('What there is to know of the token now.', introspectionResponseSchema),
  }),
  gatewayOperation(
    {
      method: 'get',
      path: '/.well-known/oauth-authorization-server',
      id: 'getMetadata',
      group,
      summary: 'What this authorization server can do (RFC 8414)',
      details: 'An issuer with a path has that path at the end of this one.',
      access: anyone,
      answers: ok('The metadata.', metadataResponseSchema),
    },
    ['route_unknown'],
  ),
  gatewayOperation({
    method: 'get',
    path: '/.well-known/jwks.json',
    id: 'getKeys',
    group,
    summary: 'The public keys that tokens are verified with (RFC 7517)',
    access: anyone,
    answers: ok('The key set.', keySetSchema),
  }),
];
