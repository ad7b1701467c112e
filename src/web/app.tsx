import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { AuditPage } from './admin/audit-page.tsx';
import { UserPage } from './admin/user-page.tsx';
import { UsersPage } from './admin/users-page.tsx';
import type { Who } from './api/auth.ts';
import { AccountPage } from './dashboard/account-page.tsx';
import { DashboardPage } from './dashboard/dashboard-page.tsx';
import { ForgottenPage } from './log-in/forgotten-page.tsx';
import { Gate } from './log-in/gate.tsx';
import { LogInPage } from './log-in/log-in-page.tsx';
import { ResetPage } from './log-in/reset-page.tsx';
import { type Place, place } from './place.ts';
import { findOut } from './session/session.ts';
import { session } from './session/state.ts';
import { SessionsPage } from './sessions/sessions-page.tsx';
import { Notice } from './shell/notice.tsx';
import { Page } from './shell/page.tsx';
import { may, Shell } from './shell/shell.tsx';
import { useStore } from './store.ts';

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
