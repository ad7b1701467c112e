import { randomUUID } from 'node:crypto';
import { pendingEmail } from '../../src/users/email-change.ts';
import { changeUser } from '../../src/users/update.ts';
import type { Call } from '../support/documented-calls.ts';
import { bearer, postJson } from '../support/gateway.ts';
import type { Scene } from './scene.ts';

/** A request to an operation that succeeds, and one that is refused with `code`. */
export interface Scenario {
  good(scene: Scene): Call | Promise<Call>;
  bad(scene: Scene): Call | Promise<Call>;
  code: string;
}

const withoutToken = { bad: (): Call => ({}), code: 'credential_missing' };
const forOpenRoutes = {
  bad: (): Call => ({ headers: { 'x-large': 'x'.repeat(20_000) } }),
  code: 'headers_too_large',
};
const open: Scenario = { good: () => ({}), ...forOpenRoutes };
const asBob: Scenario = { good: ({ bob: token }) => ({ token }), ...withoutToken };

const NEW_PASSWORD = 'another horse battery';
const THEME = { path: { key: 'theme' } };

const AUTHENTICATION: Record<string, Scenario> = {
  logIn: {
    good: () => ({ json: { username: 'bob', password: 'foobared', transport: 'bearer' } }),
    bad: () => ({ json: { username: 'bob', password: 'wrong' } }),
    code: 'login_failed',
  },
  refresh: {
    good: async ({ tokensOf }) => ({ json: { refresh_token: (await tokensOf()).refresh_token } }),
    bad: () => ({ json: { refresh_token: 'v1.stolen' } }),
    code: 'refresh_token_invalid',
  },
  logOut: { good: async ({ tokensOf }) => ({ token: (await tokensOf()).access_token }), ...withoutToken },
  getSession: asBob,
  register: {
    good: () => ({
      json: { username: 'carol', password: 'correct horse battery', email: 'carol@demo.example' },
    }),
    bad: () => ({ json: { username: 'bob', password: 'correct horse battery' } }),
    code: 'username_taken',
  },
  getPasswordRules: open,
  askForPasswordReset: {
    good: () => ({ json: { username: 'bob' } }),
    bad: () => ({ json: { user: 'bob' } }),
    code: 'body_invalid',
  },
  resetPassword: {
    good: async (scene) => ({ json: { token: await resetToken(scene), new_password: NEW_PASSWORD } }),
    bad: () => ({ json: { token: 'none', new_password: NEW_PASSWORD } }),
    code: 'reset_token_invalid',
  },
};

async function resetToken({ stack, fresh, ada }: Scene): Promise<string> {
  const { id } = await fresh();
  const response = await postJson(`${stack.url}/admin/users/${id}/password-reset`, {}, bearer(ada));
  return ((await response.json()) as { reset_token: string }).reset_token;
}

async function emailToken({ stack, fresh }: Scene): Promise<string> {
  const { id } = await fresh();
  const { pendingEmail: pending, tokenFor } = pendingEmail('new@demo.example', 600, Date.now());
  await changeUser(stack.link, id, () => ({ set: { pendingEmail: pending } }));
  return tokenFor(id);
}

const OWN_SESSIONS: Record<string, Scenario> = {
  listSessions: asBob,
  endSessions: {
    good: async ({ fresh, tokensOf }) => ({
      token: (await tokensOf(await fresh())).access_token,
      query: 'keep=current',
    }),
    bad: ({ bob: token }) => ({ token, query: 'keep=none' }),
    code: 'query_invalid',
  },
  endSession: {
    good: async ({ bob: token, tokensOf }) => ({ token, path: { sid: (await tokensOf()).session_id } }),
    bad: ({ bob: token }) => ({ token, path: { sid: 'none' } }),
    code: 'session_unknown',
  },
  streamSessionEvents: asBob,
  writeSessionData: {
    good: ({ bob: token }) => ({ token, ...THEME, json: { dark: true } }),
    bad: ({ bob: token }) => ({ token, path: { key: 'no%20key' }, json: {} }),
    code: 'data_key_invalid',
  },
  readSessionData: {
    good: ({ bob: token }) => ({ token, ...THEME }),
    bad: ({ bob: token }) => ({ token, path: { key: 'never' } }),
    code: 'data_unknown',
  },
  removeSessionData: {
    good: ({ bob: token }) => ({ token, ...THEME }),
    bad: ({ bob: token }) => ({ token, path: { key: 'no%20key' } }),
    code: 'data_key_invalid',
  },
  getEmail: asBob,
  changeEmail: {
    good: async ({ fresh, tokensOf }) => {
      const user = await fresh();
      const json = { email: 'new@demo.example', current_password: user.password };
      return { token: (await tokensOf(user)).access_token, json };
    },
    bad: ({ bob: token }) => ({ token, json: { email: 'new@demo.example', current_password: 'wrong' } }),
    code: 'password_wrong',
  },
  confirmEmail: {
    good: async (scene) => ({ json: { token: await emailToken(scene) } }),
    bad: () => ({ json: { token: 'none' } }),
    code: 'email_token_invalid',
  },
  changePassword: {
    good: async ({ fresh, tokensOf }) => {
      const user = await fresh();
      const json = { current_password: user.password, new_password: NEW_PASSWORD };
      return { token: (await tokensOf(user)).access_token, json };
    },
    bad: ({ bob: token }) => ({ token, json: { current_password: 'wrong', new_password: NEW_PASSWORD } }),
    code: 'password_wrong',
  },
};

/** An action on a customer that ada is allowed and bob is not. */
const staffAction = (json?: unknown): Scenario => ({
  good: async ({ ada: token, fresh }) => ({ token, path: { id: (await fresh()).id }, json }),
  bad: ({ bob: token }) => ({ token, path: { id: 'any' }, json }),
  code: 'insufficient_scope',
});
const staffQuery: Scenario = {
  good: ({ ada: token }) => ({ token }),
  bad: ({ ada: token }) => ({ token, query: 'limit=many' }),
  code: 'query_invalid',
};

const ADMINISTRATION: Record<string, Scenario> = {
  listUsers: staffQuery,
  readAudit: staffQuery,
  createUser: {
    good: ({ ada: token }) => ({ token, json: { username: 'dora', email: 'dora@demo.example' } }),
    bad: ({ ada: token }) => ({ token, json: { username: 'bob' } }),
    code: 'username_taken',
  },
  getUser: {
    ...staffAction(),
    bad: ({ ada: token }) => ({ token, path: { id: 'nobody' } }),
    code: 'user_unknown',
  },
  blockUser: staffAction(),
  unblockUser: staffAction(),
  logOutUser: staffAction(),
  changeRanges: staffAction({ ranges: ['10.0.0.0/8'] }),
  resetUserPassword: staffAction(),
  listUserSessions: staffAction(),
  changeRole: {
    good: async ({ root: token, fresh }) => ({
      token,
      path: { id: (await fresh()).id },
      json: { role: 'admin' },
    }),
    bad: ({ ada: token }) => ({ token, path: { id: 'any' }, json: { role: 'admin' } }),
    code: 'insufficient_scope',
  },
  endUserSession: {
    good: async ({ ada: token, fresh, tokensOf }) => {
      const user = await fresh();
      return { token, path: { id: user.id, sid: (await tokensOf(user)).session_id } };
    },
    bad: async ({ ada: token, fresh }) => ({ token, path: { id: (await fresh()).id, sid: 'none' } }),
    code: 'session_unknown',
  },
};

const asClient = ({ client }: Scene) => ({ client_id: client.id, client_secret: client.secret });
const aboutToken: Scenario = {
  good: async (scene) => ({ form: { ...asClient(scene), token: (await scene.tokensOf()).access_token } }),
  bad: ({ client }) => ({ form: { client_id: client.id, client_secret: 'wrong', token: 'any' } }),
  code: 'client_invalid',
};

const OAUTH: Record<string, Scenario> = {
  refreshByGrant: {
    good: async ({ tokensOf }) => ({
      form: {
        grant_type: 'refresh_token',
        client_id: 'portcullis-web',
        refresh_token: (await tokensOf()).refresh_token,
      },
    }),
    bad: () => ({ form: { grant_type: 'password' } }),
    code: 'grant_type_unsupported',
  },
  revokeToken: aboutToken,
  introspectToken: aboutToken,
  getMetadata: open,
  getKeys: open,
};

const ofBob = (query?: string): Scenario => ({
  good: ({ bob: token, stack }) => ({
    token,
    path: { id: stack.accounts.bob },
    ...(query === undefined ? {} : { query }),
  }),
  bad: ({ bob: token, stack }) => ({
    token,
    path: { id: stack.accounts.alice },
    ...(query === undefined ? {} : { query }),
  }),
  code: 'account_not_found',
});

const BANK: Record<string, Scenario> = {
  transfer: {
    good: ({ bob: token, stack }) => ({
      token,
      path: { id: stack.accounts.bob },
      headers: { 'idempotency-key': randomUUID() },
      json: { to: stack.accounts.alice, amountMinor: 1250, description: 'Dinner' },
    }),
    bad: ({ bob: token, stack }) => ({ token, path: { id: stack.accounts.bob }, json: {} }),
    code: 'idempotency_key_missing',
  },
  listAccounts: asBob,
  getAccount: ofBob(),
  listTransactions: ofBob('limit=5'),
  searchTransactions: ofBob('term=dinner'),
  listBalances: ofBob('points=10'),
  listSpenders: ofBob('limit=3'),
  streamTransactions: ofBob(),
};

/** By operation id. The transfer comes before the routes that show it. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...AUTHENTICATION,
  ...OWN_SESSIONS,
  ...ADMINISTRATION,
  ...OAUTH,
  ...BANK,
  getLiveness: open,
  getReadiness: open,
  getOpenApi: open,
  getDocs: open,
};
