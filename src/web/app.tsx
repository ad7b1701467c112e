import type { JSX } from 'preact';
import type { Who } from './api/auth.ts';
import { findOut } from './auth-session/session.ts';
import { session } from './auth-session/session-state.ts';
import { AuditPage } from './features/admin/audit-page.tsx';
import { UserPage } from './features/admin/user-page.tsx';
import { UsersPage } from './features/admin/users-page.tsx';
import { AccountPage } from './features/dashboard/account-page.tsx';
import { DashboardPage } from './features/dashboard/dashboard-page.tsx';
import { ForgottenPage } from './features/login/forgot-password-page.tsx';
import { LogInPage } from './features/login/login-page.tsx';
import { ResetPage } from './features/login/reset-password-page.tsx';
import { SessionsPage } from './features/sessions/sessions-page.tsx';
import { useStore } from './hooks/store.ts';
import { type Place, place } from './route.ts';
import { may, Shell } from './shell.tsx';
import { Gate } from './ui/auth-layout.tsx';
import { Notice } from './ui/notice.tsx';
import { Page } from './ui/page.tsx';

/** The whole page: what is shown follows from who is logged in and from the place in the address bar. */
export function App(): JSX.Element {
  const here = useStore(place);
  const now = useStore(session);
  if (here.page === 'reset') return <ResetPage token={here.token} />;
  if (now.state === 'starting') return <main class="gate" aria-busy="true" />;
  if (now.state === 'unknown') return <Unavailable />;
  if (now.state === 'out')
    return here.page === 'forgotten' ? <ForgottenPage /> : <LogInPage reason={now.reason} />;
  return (
    <Shell who={now.who} key={now.who.session_id}>
      <PageOf here={here} who={now.who} />
    </Shell>
  );
}

/** What the role doesn't allow isn't there, as at the server. */
function PageOf({ here, who }: { here: Place; who: Who }): JSX.Element {
  if (here.page === 'dashboard' || here.page === 'forgotten') return <DashboardPage who={who} />;
  if (here.page === 'account' && may(who, 'accounts:read-any'))
    return <AccountPage key={here.id} id={here.id} />;
  if (here.page === 'sessions') return <SessionsPage />;
  if (here.page === 'users' && may(who, 'users:manage')) return <UsersPage who={who} />;
  if (here.page === 'user' && may(who, 'users:manage'))
    return <UserPage key={here.id} id={here.id} who={who} />;
  if (here.page === 'audit' && may(who, 'audit:read'))
    return <AuditPage user={here.user} action={here.action} />;
  return (
    <Page title="There is nothing here">
      <p>The page does not exist, or your role of now does not show it.</p>
    </Page>
  );
}

const Unavailable = (): JSX.Element => (
  <Gate title="One moment">
    <Notice kind="error">The service does not answer. Your session is not affected.</Notice>
    <button type="button" onClick={() => void findOut()}>
      Try again
    </button>
  </Gate>
);
