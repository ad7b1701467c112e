import { render } from 'hono/jsx/dom';

const root = document.getElementById('app');
if (root !== null) render(<h1>Portcullis</h1>, root);
