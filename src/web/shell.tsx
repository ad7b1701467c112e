import type { JSX, RenderableProps } from 'preact';
import type { Scope } from '../users/roles.ts';
import { type CurrentUser, hasScope } from './api/auth.ts';
import { IdleWarning } from './auth-session/idle-warning.tsx';
import { logOut } from './auth-session/session.ts';
import { useForm } from './hooks/form.ts';
import { useStore } from './hooks/store.ts';
import { hrefOf, type Route, route } from './route.ts';
import { Brand } from './ui/auth-layout.tsx';
import { Notice } from './ui/notice.tsx';

interface Link {
  label: string;
  to: Extract<Route, { page: 'dashboard' | 'sessions' | 'users' | 'audit' }>;
  scope?: Scope;
}

const LINKS: readonly Link[] = [
  { label: 'Dashboard', to: { page: 'dashboard' } },
  { label: 'My sessions', to: { page: 'sessions' } },
  { label: 'Users', to: { page: 'users' }, scope: 'users:manage' },
  { label: 'Audit trail', to: { page: 'audit' }, scope: 'audit:read' },
];

/** Header, navigation and footer of the pages that need a login. */
export function Shell({ currentUser, children }: RenderableProps<{ currentUser: CurrentUser }>): JSX.Element {
  const form = useForm();
  return (
    <>
      <button type="button" class="skip" onClick={() => document.querySelector('h1')?.focus()}>
        Skip to content
      </button>
      <header class="top">
        <Brand />
        <Navigation currentUser={currentUser} />
        <div class="user-menu">
          <span class="user-name">
            {currentUser.display_name}
            {currentUser.role !== 'user' && <small> {currentUser.role}</small>}
          </span>
          <button
            type="button"
            class="quiet"
            aria-disabled={form.isBusy}
            onClick={() => void form.run(logOut)}
          >
            Log out
          </button>
        </div>
      </header>
      {form.error && <Notice kind="error">You are still logged in. {form.error.message}</Notice>}
      {children}
      <footer class="foot">
        Each request is checked twice: its token must be signed and must not have been revoked. If you end
        this session in another browser, this page is logged out at once. <a href="/docs">API reference</a>
      </footer>
      <IdleWarning />
    </>
  );
}

function Navigation({ currentUser }: { currentUser: CurrentUser }): JSX.Element {
  const currentRoute = useStore(route);
  const links = LINKS.filter(({ scope }) => scope === undefined || hasScope(currentUser, scope));
  return (
    <nav aria-label="Pages">
      {links.map(({ label, to }) => (
        <a key={label} href={hrefOf(to)} aria-current={isCurrent(to, currentRoute) ? 'page' : undefined}>
          {label}
        </a>
      ))}
    </nav>
  );
}

/** Pages without a link of their own, with the page whose link is marked. */
const PARENT_PAGE: Partial<Record<Route['page'], Route['page']>> = { user: 'users', account: 'dashboard' };

const isCurrent = (to: Route, current: Route): boolean =>
  to.page === (PARENT_PAGE[current.page] ?? current.page);
