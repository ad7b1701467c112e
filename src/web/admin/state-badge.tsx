import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import type { ShownUser } from '../api/admin.ts';

export const StateBadge = ({ status }: Pick<ShownUser, 'status'>): JSX.Element => (
  <span class={status === 'active' ? 'badge good' : 'badge bad'}>{status}</span>
);
