import { createStore } from './hooks/store.ts';

/**
 * A page of the app. It is in the URL's fragment, which browsers do not send: the server has one page, and no route
 * appears in its logs.
 */
export type Route =
  | { page: 'dashboard' }
  | { page: 'account'; id: string }
  | { page: 'sessions' }
  | { page: 'users' }
  | { page: 'user'; id: string }
  | { page: 'audit'; user?: string; action?: string }
  | { page: 'forgotten' }
  | { page: 'reset'; token: string }
  | { page: 'email'; token: string }
  | { page: 'unknown' };

const ROUTES: Record<string, Route> = {
  '': { page: 'dashboard' },
  '#': { page: 'dashboard' },
  '#/': { page: 'dashboard' },
  '#/sessions': { page: 'sessions' },
  '#/admin/users': { page: 'users' },
  '#/forgotten': { page: 'forgotten' },
};
const ACCOUNT = /^#\/accounts\/([\w-]{1,64})$/;
const USER = /^#\/admin\/users\/([\w-]{1,64})$/;
const TOKEN = /^#(reset|email)=(.+)$/;

/** Parses a fragment, with its `#`. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.split('?');
  const accountId = ACCOUNT.exec(hash)?.[1];
  const userId = USER.exec(hash)?.[1];
  const [, purpose, token] = TOKEN.exec(hash) ?? [];
  if (token !== undefined) return { page: purpose === 'email' ? 'email' : 'reset', token };
  if (accountId !== undefined) return { page: 'account', id: accountId };
  if (userId !== undefined) return { page: 'user', id: userId };
  if (path === '#/admin/audit') return { page: 'audit', ...Object.fromEntries(auditFilter(query)) };
  return ROUTES[hash] ?? { page: 'unknown' };
}

const auditFilter = (query: string): [string, string][] =>
  [...new URLSearchParams(query)].filter(
    ([name, value]) => ['user', 'action'].includes(name) && value !== '',
  );

/** The fragment of a route, for a link. */
export function hrefOf(route: Exclude<Route, { page: 'reset' | 'email' | 'unknown' }>): string {
  if (route.page === 'account') return `#/accounts/${route.id}`;
  if (route.page === 'user') return `#/admin/users/${route.id}`;
  if (route.page === 'audit') {
    const { page: _, ...filter } = route;
    const query = new URLSearchParams(filter).toString();
    return query === '' ? '#/admin/audit' : `#/admin/audit?${query}`;
  }
  const paths = { dashboard: '#/', sessions: '#/sessions', users: '#/admin/users', forgotten: '#/forgotten' };
  return paths[route.page];
}

export const route = createStore<Route>({ page: 'dashboard' });

/** Follows the address bar. A token is removed from it at once, and so from the history. */
export function followLocation(): void {
  const update = (): void => {
    const next = parseRoute(location.hash);
    if ('token' in next) history.replaceState(null, '', location.pathname);
    route.set(next);
  };
  window.addEventListener('hashchange', update);
  update();
}

/** Goes to the dashboard without a new entry in the history. */
export function goToDashboard(): void {
  history.replaceState(null, '', location.pathname);
  route.set({ page: 'dashboard' });
}
