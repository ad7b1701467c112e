import { createStore } from './hooks/store.ts';

/**
 * Where in the app the user is. It is in the URL's fragment, which browsers keep to themselves: the server has one
 * page, and nothing of a place reaches a log.
 */
export type Place =
  | { page: 'dashboard' }
  | { page: 'account'; id: string }
  | { page: 'sessions' }
  | { page: 'users' }
  | { page: 'user'; id: string }
  | { page: 'audit'; user?: string; action?: string }
  | { page: 'forgotten' }
  | { page: 'reset'; token: string }
  | { page: 'unknown' };

const PATHS: Record<string, Place> = {
  '': { page: 'dashboard' },
  '#': { page: 'dashboard' },
  '#/': { page: 'dashboard' },
  '#/sessions': { page: 'sessions' },
  '#/admin/users': { page: 'users' },
  '#/forgotten': { page: 'forgotten' },
};
const ACCOUNT = /^#\/accounts\/([\w-]{1,64})$/;
const USER = /^#\/admin\/users\/([\w-]{1,64})$/;
const RESET = /^#reset=(.+)$/;

/** The place that a fragment, its `#` included, stands for. */
export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.split('?');
  const accountId = ACCOUNT.exec(hash)?.[1];
  const userId = USER.exec(hash)?.[1];
  const token = RESET.exec(hash)?.[1];
  if (token !== undefined) return { page: 'reset', token };
  if (accountId !== undefined) return { page: 'account', id: accountId };
  if (userId !== undefined) return { page: 'user', id: userId };
  if (path === '#/admin/audit') return { page: 'audit', ...Object.fromEntries(auditFilter(query)) };
  return PATHS[hash] ?? { page: 'unknown' };
}

const auditFilter = (query: string): [string, string][] =>
  [...new URLSearchParams(query)].filter(
    ([name, value]) => ['user', 'action'].includes(name) && value !== '',
  );

/** The fragment of a place, for a link. */
export function hrefOf(place: Exclude<Place, { page: 'reset' | 'unknown' }>): string {
  if (place.page === 'account') return `#/accounts/${place.id}`;
  if (place.page === 'user') return `#/admin/users/${place.id}`;
  if (place.page === 'audit') {
    const { page: _, ...filter } = place;
    const query = new URLSearchParams(filter).toString();
    return query === '' ? '#/admin/audit' : `#/admin/audit?${query}`;
  }
  return { dashboard: '#/', sessions: '#/sessions', users: '#/admin/users', forgotten: '#/forgotten' }[
    place.page
  ];
}

export const place = createStore<Place>({ page: 'dashboard' });

/** Follows the address bar. A reset token leaves it at once, so that it stays in no history and no screenshot. */
export function followPlace(): void {
  const read = (): void => {
    const next = placeOf(location.hash);
    if (next.page === 'reset') history.replaceState(null, '', location.pathname);
    place.set(next);
  };
  window.addEventListener('hashchange', read);
  read();
}

/** Goes to the first page of the app without a new entry in the history. */
export function goHome(): void {
  history.replaceState(null, '', location.pathname);
  place.set({ page: 'dashboard' });
}
