import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import icon from '../icon.svg';

/** The name, with the sign that is in the browser's tab. */
export const Brand = (): JSX.Element => (
  <span class="brand">
    <img src={icon} alt="" width="24" height="24" />
    Portcullis
  </span>
);
