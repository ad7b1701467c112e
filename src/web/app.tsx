import type { JSX } from 'preact';
import { type CurrentUser, hasScope } from './api/auth.ts';
import { loadSession } from './auth-session/session.ts';
import { session } from './auth-session/session-state.ts';
import { AuditPage } from './features/admin/audit-page.tsx';
import { UserPage } from './features/admin/user-page.tsx';
import { UsersPage } from './features/admin/users-page.tsx';
import { AccountPage } from './features/dashboard/account-page.tsx';
import { DashboardPage } from './features/dashboard/dashboard-page.tsx';
import { ConfirmEmailPage } from './features/login/confirm-email-page.tsx';
import { ForgotPasswordPage } from './features/login/forgot-password-page.tsx';
import { LoginPage } from './features/login/login-page.tsx';
import { ResetPasswordPage } from './features/login/reset-password-page.tsx';
import { SessionsPage } from './features/sessions/sessions-page.tsx';
import { useStore } from './hooks/store.ts';
import { type Route, route } from './route.ts';
import { Shell } from './shell.tsx';
import { AuthLayout } from './ui/auth-layout.tsx';
import { Notice } from './ui/notice.tsx';
import { Page } from './ui/page.tsx';

/** The whole page, by the session and the route. */
export function App(): JSX.Element {
  const currentRoute = useStore(route);
  const current = useStore(session);
  if (currentRoute.page === 'reset') return <ResetPasswordPage token={currentRoute.token} />;
  if (currentRoute.page === 'email') return <ConfirmEmailPage token={currentRoute.token} />;
  if (current.state === 'loading') return <main class="auth-layout" aria-busy="true" />;
  if (current.state === 'unavailable') return <Unavailable />;
  if (current.state === 'logged-out')
    return currentRoute.page === 'forgotten' ? <ForgotPasswordPage /> : <LoginPage reason={current.reason} />;
  return (
    <Shell currentUser={current.user} key={current.user.session_id}>
      <CurrentPage route={currentRoute} currentUser={current.user} />
    </Shell>
  );
}

/** A page that the role does not allow is shown as one that does not exist. */
function CurrentPage({ route, currentUser }: { route: Route; currentUser: CurrentUser }): JSX.Element {
  const { page } = route;
  if (page === 'dashboard' || page === 'forgotten') return <DashboardPage currentUser={currentUser} />;
  if (page === 'account' && hasScope(currentUser, 'accounts:read-any'))
    return <AccountPage key={route.id} id={route.id} />;
  if (page === 'sessions') return <SessionsPage />;
  if (page === 'users' && hasScope(currentUser, 'users:manage'))
    return <UsersPage currentUser={currentUser} />;
  if (page === 'user' && hasScope(currentUser, 'users:manage'))
    return <UserPage key={route.id} id={route.id} currentUser={currentUser} />;
  if (page === 'audit' && hasScope(currentUser, 'audit:read'))
    return <AuditPage user={route.user} action={route.action} />;
  return (
    <Page title="Page not found">
      <p>We can't find that page, or you don't have access to it.</p>
    </Page>
  );
}

const Unavailable = (): JSX.Element => (
  <AuthLayout title="One moment">
    <Notice kind="error">The service isn't responding. Your session is not affected.</Notice>
    <button type="button" onClick={() => void loadSession()}>
      Try again
    </button>
  </AuthLayout>
);
