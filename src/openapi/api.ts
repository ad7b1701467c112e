import type { GatewaySettings } from '../config/load.ts';
import { siteOf } from '../gateway/site.ts';
import { apiDocument, type DocumentFacts } from './document.ts';
import type { ApiDocument } from './document-shape.ts';
import { namedSchemas } from './names.ts';
import type { Operation } from './operation.ts';
import { ADMINISTRATION } from './operations/administration.ts';
import { BANK } from './operations/bank.ts';
import { OAUTH } from './operations/oauth.ts';
import { OWN_SESSIONS } from './operations/own-sessions.ts';
import { SERVICE } from './operations/service.ts';
import { SIGNING_IN } from './operations/signing-in.ts';

const GATEWAY: readonly Operation[] = [
  ...SIGNING_IN,
  ...OWN_SESSIONS,
  ...ADMINISTRATION,
  ...OAUTH,
  ...SERVICE,
];

/** Every operation of the gateway and, behind it, of the bank that comes with it. */
export const OPERATIONS: readonly Operation[] = [...GATEWAY, ...BANK];

const INFO: ApiDocument['info'] = {
  title: 'Portcullis',
  version: '0.1.0',
  summary: 'An auth gateway for banking APIs.',
  description:
    'A request passes only when its access token is both signed and alive: log out, block a user or take a role ' +
    'away, and the very next request feels it.\n\n' +
    'Every refusal is a problem (RFC 9457) with a stable `code`. Its title may change and is for people.',
};

/**
 * The description of the API of a gateway with these settings. What is behind a gateway with a policy of its own is
 * another bank, which has to describe itself.
 */
export function describeApi({
  issuer,
  policyFile,
}: Pick<GatewaySettings, 'issuer' | 'policyFile'>): ApiDocument {
  const withBank = policyFile === undefined;
  const operations = withBank ? OPERATIONS : GATEWAY;
  const facts = { info: INFO, issuer, securitySchemes: securitySchemes(issuer) };
  return apiDocument(operations, namedSchemas({ withBank }), facts);
}

/** Every route in one line, for whoever writes about them. */
export const routeTable = (): { method: string; path: string; summary: string }[] =>
  OPERATIONS.map(({ method, path, summary }) => ({ method: method.toUpperCase(), path, summary }));

function securitySchemes(issuer: string): DocumentFacts['securitySchemes'] {
  const { cookieName, refreshCookieName } = siteOf(issuer);
  return {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description:
        'The access token (RFC 6750). What it takes besides are scopes, which the role of a user has.',
    },
    cookie: {
      type: 'apiKey',
      in: 'cookie',
      name: cookieName,
      description:
        "The same token in a cookie, from a log-in with `transport: cookie`. Requests that change something need the site's own `Origin`.",
    },
    refreshCookie: {
      type: 'apiKey',
      in: 'cookie',
      name: refreshCookieName,
      description: 'The refresh token, from a log-in with `transport: cookie`.',
    },
    client: {
      type: 'http',
      scheme: 'basic',
      description: 'The id and the secret of a registered client (RFC 6749, section 2.3.1).',
    },
  };
}
