import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { Page } from '../shell/page.tsx';

export const UsersPage = (): JSX.Element => <Page title="Users" />;
