import { render } from 'hono/jsx/dom';
import { App } from './app.tsx';
import { followPlace } from './place.ts';
import { startSession } from './session/session.ts';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no place for the app');
followPlace();
void startSession();
render(<App />, root);
