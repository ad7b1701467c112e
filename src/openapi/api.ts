import { BANK_OPERATIONS } from '../bank/operations.ts';
import type { GatewaySettings } from '../config/load.ts';
import type { GatewayReason } from '../gateway/problems/table.ts';
import { emailOperations } from '../gateway/routes/account/email.ts';
import { emailConfirmationOperation } from '../gateway/routes/account/email-confirmation.ts';
import { auditOperation } from '../gateway/routes/admin/audit.ts';
import { userActionOperations } from '../gateway/routes/admin/user-actions.ts';
import { userPasswordOperation } from '../gateway/routes/admin/user-password.ts';
import { userSessionsOperations } from '../gateway/routes/admin/user-sessions.ts';
import { userOperations } from '../gateway/routes/admin/users.ts';
import { loginOperation } from '../gateway/routes/auth/login.ts';
import { logoutOperation } from '../gateway/routes/auth/logout.ts';
import { refreshOperation } from '../gateway/routes/auth/refresh.ts';
import { registerOperation } from '../gateway/routes/auth/register.ts';
import { healthOperations } from '../gateway/routes/health.ts';
import { introspectOperation } from '../gateway/routes/oauth/introspect.ts';
import { revokeOperation } from '../gateway/routes/oauth/revoke.ts';
import { tokenOperation } from '../gateway/routes/oauth/token.ts';
import { wellKnownOperations } from '../gateway/routes/oauth/well-known.ts';
import { passwordOperation } from '../gateway/routes/password/password.ts';
import { passwordResetOperation } from '../gateway/routes/password/password-reset.ts';
import { passwordRulesOperation } from '../gateway/routes/password/password-rules.ts';
import { resetConfirmationOperation } from '../gateway/routes/password/reset-confirmation.ts';
import { currentSessionOperation } from '../gateway/routes/sessions/current.ts';
import { sessionDataOperations } from '../gateway/routes/sessions/data.ts';
import { sessionEventsOperation } from '../gateway/routes/sessions/events.ts';
import { ownSessionsOperations } from '../gateway/routes/sessions/own-sessions.ts';
import { apiDescriptionOperations } from '../gateway/routes/static.ts';
import { siteOf } from '../gateway/site.ts';
import type { Operation } from '../http/operation.ts';
import { apiDocument, type DocumentOptions } from './document.ts';
import type { ApiDocument } from './document-shape.ts';
import { type DocumentedOperation, documentBank, documentGateway } from './refusals.ts';

/** In the order of the documentation. */
const GATEWAY_OPERATIONS: readonly Operation<GatewayReason>[] = [
  loginOperation,
  refreshOperation,
  logoutOperation,
  currentSessionOperation,
  registerOperation,
  passwordRulesOperation,
  passwordResetOperation,
  resetConfirmationOperation,
  ...ownSessionsOperations,
  sessionEventsOperation,
  ...sessionDataOperations,
  passwordOperation,
  ...emailOperations,
  emailConfirmationOperation,
  ...userOperations,
  ...userActionOperations,
  userPasswordOperation,
  ...userSessionsOperations,
  auditOperation,
  tokenOperation,
  revokeOperation,
  introspectOperation,
  ...wellKnownOperations,
  ...healthOperations,
  ...apiDescriptionOperations,
];

const GATEWAY: readonly DocumentedOperation[] = GATEWAY_OPERATIONS.map(documentGateway);

/** Every operation of the gateway and of the demo bank behind it. */
export const OPERATIONS: readonly DocumentedOperation[] = [...GATEWAY, ...BANK_OPERATIONS.map(documentBank)];

const INFO: ApiDocument['info'] = {
  title: 'Portcullis',
  version: '0.1.0',
  summary: 'An auth gateway for banking APIs.',
  description:
    'A request is authorized only if its access token has a valid signature and has not been revoked. Logout, ' +
    'blocking and role changes take effect on the very next request.\n\n' +
    'Every refusal is a problem (RFC 9457) with a stable `code`. Its title is for people and may change.',
};

/** The OpenAPI document of a gateway. With a policy of its own it protects another service than the demo bank. */
export function describeApi({
  issuer,
  policyFile,
}: Pick<GatewaySettings, 'issuer' | 'policyFile'>): ApiDocument {
  const operations = policyFile === undefined ? OPERATIONS : GATEWAY;
  return apiDocument(operations, { info: INFO, issuer, securitySchemes: securitySchemes(issuer) });
}

/** Every route with its summary, for the documentation. */
export const routeTable = (): { method: string; path: string; summary: string }[] =>
  OPERATIONS.map(({ method, path, summary }) => ({ method: method.toUpperCase(), path, summary }));

function securitySchemes(issuer: string): DocumentOptions['securitySchemes'] {
  const { cookieName, refreshCookieName } = siteOf(issuer);
  return {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description:
        'The access token (RFC 6750). Required scopes are those of the role of the user, not of the token.',
    },
    dpop: {
      type: 'http',
      scheme: 'DPoP',
      description:
        'An access token that is bound to a key, with a new proof in the `DPoP` header of each request (RFC 9449).',
    },
    cookie: {
      type: 'apiKey',
      in: 'cookie',
      name: cookieName,
      description:
        "The access token in a cookie, after a login with `transport: cookie`. State-changing requests must have the site's own `Origin`.",
    },
    refreshCookie: {
      type: 'apiKey',
      in: 'cookie',
      name: refreshCookieName,
      description: 'The refresh token, after a login with `transport: cookie`.',
    },
    client: {
      type: 'http',
      scheme: 'basic',
      description: 'The id and the secret of a registered client (RFC 6749, section 2.3.1).',
    },
  };
}
