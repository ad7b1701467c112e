import './known-language.ts';
import { render } from 'hono/jsx/dom';
import { App } from './app.tsx';
import { followPlace, goHome } from './place.ts';
import { startSession } from './session/session.ts';
import { whenSomebodyElseComes } from './session/state.ts';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no place for the app');
followPlace();
whenSomebodyElseComes(goHome);
void startSession();
render(<App />, root);
