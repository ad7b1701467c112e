import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { Page } from '../shell/page.tsx';

export const SessionsPage = (): JSX.Element => <Page title="My sessions" />;
