import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { Page } from '../shell/page.tsx';

export interface AuditPageProps {
  user?: string | undefined;
  action?: string | undefined;
}

export const AuditPage = (_: AuditPageProps): JSX.Element => <Page title="Audit trail" />;
