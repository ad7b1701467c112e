import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { LoadFault } from '../shell/load-fault.tsx';
import type { Pages } from './pages.ts';

/** Why there is nothing, or no more of it, and a way to ask again for just that. */
export function PagesFault<Item>({ pages }: { pages: Pages<Item> }): JSX.Element | null {
  const { value, fault, reload, more } = pages;
  if (fault === undefined) return null;
  const [what, again] = value === undefined ? ['The list', reload] : ['The rest of the list', more];
  return <LoadFault what={what} answer={{ value: undefined, fault, reload: again }} />;
}
