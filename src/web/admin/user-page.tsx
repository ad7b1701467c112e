import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import type { Who } from '../api/auth.ts';
import { Page } from '../shell/page.tsx';

export const UserPage = (_: { id: string; who: Who }): JSX.Element => <Page title="User" />;
