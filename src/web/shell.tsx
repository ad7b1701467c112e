import type { ComponentChildren, JSX } from 'preact';
import type { Scope } from '../identity/roles.ts';
import type { Who } from './api/auth.ts';
import { IdleWarning } from './auth-session/idle-warning.tsx';
import { logOut } from './auth-session/session.ts';
import { useForm } from './hooks/form.ts';
import { useStore } from './hooks/store.ts';
import { hrefOf, type Place, place } from './route.ts';
import { Brand } from './ui/auth-layout.tsx';
import { Notice } from './ui/notice.tsx';

/** Whether the role of the moment has the scope. The server judges for itself; this is for what to show. */
export const may = (who: Who, scope: Scope): boolean => who.scope.split(' ').includes(scope);

interface Link {
  label: string;
  to: Extract<Place, { page: 'dashboard' | 'sessions' | 'users' | 'audit' }>;
  needs?: Scope;
}

const LINKS: readonly Link[] = [
  { label: 'Dashboard', to: { page: 'dashboard' } },
  { label: 'My sessions', to: { page: 'sessions' } },
  { label: 'Users', to: { page: 'users' }, needs: 'users:manage' },
  { label: 'Audit trail', to: { page: 'audit' }, needs: 'audit:read' },
];

/** What is around every page of somebody who is logged in. */
export function Shell({ who, children }: { who: Who; children?: ComponentChildren }): JSX.Element {
  const form = useForm();
  return (
    <>
      <button type="button" class="skip" onClick={() => document.querySelector('h1')?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <Brand />
        <Navigation who={who} />
        <div class="me">
          <span class="who">
            {who.display_name}
            {who.role !== 'user' && <small> {who.role}</small>}
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
      {form.fault && <Notice kind="error">You are still logged in. {form.fault.title}</Notice>}
      {children}
      <footer class="foot">
        Each request of this page is checked twice: its token has to be signed and still be alive. End this
        session from another browser, and this page is left at once. <a href="/docs">The API that it uses</a>
      </footer>
      <IdleWarning />
    </>
  );
}

function Navigation({ who }: { who: Who }): JSX.Element {
  const here = useStore(place);
  const links = LINKS.filter(({ needs }) => needs === undefined || may(who, needs));
  return (
    <nav aria-label="Pages">
      {links.map(({ label, to }) => (
        <a href={hrefOf(to)} aria-current={isHere(to, here) ? 'page' : undefined}>
          {label}
        </a>
      ))}
    </nav>
  );
}

/** A page that is reached from a link's page counts as it. */
const LINK_PAGE: Partial<Record<Place['page'], Place['page']>> = { user: 'users', account: 'dashboard' };

const isHere = (to: Place, here: Place): boolean => to.page === (LINK_PAGE[here.page] ?? here.page);
