import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import type { Who } from '../api/auth.ts';
import { Page } from '../shell/page.tsx';

export const DashboardPage = (_: { who: Who }): JSX.Element => <Page title="Dashboard" />;
